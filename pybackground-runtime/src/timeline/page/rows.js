/* Where rows lie: heights and positions, in pixels. */

const PAD = 7;

class Layout {
  /** Places rows; `scale` is larger on large screens. */
  constructor(rows, scale) {
    this.rows = rows;
    this.scale = scale;
    this.bar = 20 * scale;
    let y = 0;
    // Many rows get less room.
    const crowded = rows.length > 60 ? 0.7 : 1;
    for (const row of rows) {
      const lanes = Math.max(1, row.lanes.length);
      row.laneHeight = Math.max(5, Math.min(27 * scale * crowded, (320 * scale) / lanes));
      row.barHeight = Math.max(3, Math.min(this.bar * crowded, row.laneHeight - 2));
      row.pad = PAD * scale * crowded;
      row.y = y;
      row.height = lanes * row.laneHeight + 2 * row.pad;
      y += row.height;
    }
    this.height = y;
  }

  /** The row at a height. */
  rowAt(y) {
    let [low, high] = [0, this.rows.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const row = this.rows[middle];
      if (y < row.y) high = middle - 1;
      else if (y >= row.y + row.height) low = middle + 1;
      else return row;
    }
    return null;
  }

  top(bar) {
    return bar.row.y + bar.row.pad + bar.lane * bar.row.laneHeight;
  }

  middle(bar) {
    return this.top(bar) + bar.row.barHeight / 2;
  }
}

/** The first of intervals, sorted by their begins and apart, that ends after `time`. */
function firstAfter(intervals, time) {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle].begin <= time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && intervals[low - 1].end > time ? low - 1 : low;
}
