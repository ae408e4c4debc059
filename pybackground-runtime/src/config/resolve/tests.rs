use super::*;

fn with_environment(
    settings: &ProgramSettings,
    variables: &[(&str, &str)],
) -> Result<Config, String> {
    let read = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    resolve(settings, read).map_err(|error| error.to_string())
}

#[test]
fn program_overrides_the_environment() {
    let settings = ProgramSettings { workers: Some(3), ..ProgramSettings::default() };
    let variables = [("PYBACKGROUND_WORKERS", "5"), ("PYBACKGROUND_MAX_THREADS", "7")];
    let config = with_environment(&settings, &variables).unwrap();
    assert_eq!((config.workers(), config.max_threads()), (3, 7));
}

#[test]
fn reports_are_switched_off_by_zero_and_by_nothing() {
    let report = |value: &str| {
        let variables = [("PYBACKGROUND_REPORT_AFTER", value)];
        with_environment(&ProgramSettings::default(), &variables).unwrap().report()
    };
    assert_eq!(["", " ", "0", "0.0"].map(report), [ReportedWaits::Never; 4]);
    assert_eq!(report("0.5"), ReportedWaits::After(Duration::from_millis(500)));
    let config = with_environment(&ProgramSettings::default(), &[]).unwrap();
    assert_eq!(config.report(), ReportedWaits::DEFAULT);
}

#[test]
fn every_variable_is_read() {
    let variables = [
        ("PYBACKGROUND_WORKERS", "2"),
        ("PYBACKGROUND_MAX_THREADS", " 9 "),
        ("PYBACKGROUND_MAX_TOTAL_THREADS", "20"),
        ("PYBACKGROUND_STACK_SIZE", "65536"),
        ("PYBACKGROUND_STACK_RESERVE", "0"),
        ("PYBACKGROUND_KEEP_ALIVE", "0.5"),
        ("PYBACKGROUND_REPORT_AFTER", "60"),
        ("PYBACKGROUND_MODE", "sequential"),
        ("PYBACKGROUND_OWN_STACK", "true"),
    ];
    let expected = Config {
        workers: 2,
        max_threads: 9,
        max_total_threads: 20,
        stack_size: 65536,
        stack_reserve: 0,
        keep_alive: Duration::from_millis(500),
        report: ReportedWaits::After(Duration::from_secs(60)),
        sequential: true,
        own_stack: true,
        hooks: Hooks::default(),
    };
    assert_eq!(with_environment(&ProgramSettings::default(), &variables), Ok(expected));
}

#[test]
fn a_bad_variable_is_named_with_its_value_and_the_accepted_form() {
    for (name, value, message) in [
        (
            "PYBACKGROUND_WORKERS",
            "two",
            "the environment variable PYBACKGROUND_WORKERS is \"two\"; it has to be a whole number",
        ),
        (
            "PYBACKGROUND_WORKERS",
            "0",
            "the environment variable PYBACKGROUND_WORKERS is 0; it has to be from 1 to 1000000",
        ),
        (
            "PYBACKGROUND_STACK_SIZE",
            "-1",
            "the environment variable PYBACKGROUND_STACK_SIZE is \"-1\"; it has to be a whole number",
        ),
        (
            "PYBACKGROUND_KEEP_ALIVE",
            "NaN",
            "the environment variable PYBACKGROUND_KEEP_ALIVE is \"NaN\"; it has to be seconds, such as 10 or 0.5, or inf",
        ),
        (
            "PYBACKGROUND_STACK_SIZE",
            "65535",
            "the environment variable PYBACKGROUND_STACK_SIZE is 65535; it has to be from 65536 to 9223372036854775807",
        ),
        (
            "PYBACKGROUND_MODE",
            "fast",
            "the environment variable PYBACKGROUND_MODE is \"fast\"; it has to be `parallel` or `sequential`",
        ),
        (
            "PYBACKGROUND_OWN_STACK",
            "1",
            "the environment variable PYBACKGROUND_OWN_STACK is \"1\"; it has to be `true` or `false`",
        ),
    ] {
        let error = with_environment(&ProgramSettings::default(), &[(name, value)]).unwrap_err();
        assert_eq!(error, message);
    }
}

#[test]
fn empty_variable_counts_as_not_set() {
    let names = [
        "WORKERS",
        "MAX_THREADS",
        "MAX_TOTAL_THREADS",
        "STACK_SIZE",
        "STACK_RESERVE",
        "KEEP_ALIVE",
        "MODE",
        "OWN_STACK",
    ]
    .map(|name| format!("PYBACKGROUND_{name}"));
    let variables: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(["", " ", "", "", " ", "\t", " ", ""]).collect();
    let nothing = with_environment(&ProgramSettings::default(), &[]);
    assert_eq!(with_environment(&ProgramSettings::default(), &variables), nothing);
}

#[test]
fn seconds_are_read_as_a_float_is() {
    let numbers = [
        "0",
        "10",
        "+7",
        "0.5",
        ".5",
        "5.",
        "00012.250",
        "1e3",
        "1.5E+2",
        "25e-1",
        "12.5e-3",
        "1e-9",
        "1e-10",
        "0e9",
        "123456789.987654321",
        "1e19",
        "1e20",
        "1e300",
        "18446744073709551616",
        "0.001",
        "0.000e5",
        "0.00000000000000000000000000000000000000000000000000000000000012e61",
    ];
    for text in numbers {
        let float = text.parse::<f64>().unwrap();
        let expected = Duration::try_from_secs_f64(float).unwrap_or(Duration::MAX);
        let read = seconds(text).unwrap();
        // A float has 16 digits, and is rounded.
        assert!(read.abs_diff(expected) <= Duration::from_nanos(8), "{text}: {read:?}");
    }
    for text in ["", "+", ".", "-1", "1 s", "1.2.3", "e3", "1e", "1e1.5", "NaN", "１", "++1"] {
        assert_eq!(seconds(text), None, "{text}");
    }
}

#[test]
fn infinite_seconds_are_the_longest_duration() {
    for text in ["inf", "infinity", "1e300"] {
        let variables = [("PYBACKGROUND_KEEP_ALIVE", text)];
        let config = with_environment(&ProgramSettings::default(), &variables).unwrap();
        assert_eq!(config.keep_alive(), Duration::MAX);
    }
}

#[test]
fn all_threads_are_at_least_as_many_as_any_other_setting_allows() {
    let bounds = |settings| {
        let config = with_environment(&settings, &[]).unwrap();
        (config.max_threads(), config.max_total_threads())
    };
    assert_eq!(bounds(ProgramSettings::default()), (12_000, 12_000));
    let few = ProgramSettings { max_total_threads: Some(50), ..ProgramSettings::default() };
    assert_eq!(bounds(few), (50, 50));
    let many = ProgramSettings { max_threads: Some(20_000), ..ProgramSettings::default() };
    assert_eq!(bounds(many), (20_000, 20_000));
}

#[test]
fn stack_of_the_standard_library_counts_unless_the_size_is_set() {
    let stack = |variables: &[(&str, &str)]| {
        let config = with_environment(&ProgramSettings::default(), variables).unwrap();
        (config.stack_size(), config.stack_reserve())
    };
    let min_stack = ("RUST_MIN_STACK", "5000000");
    assert_eq!(stack(&[min_stack]), (5_000_000, 15_000_000));
    assert_eq!(stack(&[min_stack, ("PYBACKGROUND_STACK_SIZE", "65536")]), (65_536, 196_608));
    assert_eq!(stack(&[("RUST_MIN_STACK", "much")]), stack(&[]));
    assert_eq!(stack(&[("RUST_MIN_STACK", "1")]).0, SMALLEST_STACK);
}

#[test]
fn bodies_with_a_stack_of_their_own_need_no_reserve() {
    let settings = ProgramSettings { own_stack: Some(true), ..ProgramSettings::default() };
    let config = with_environment(&settings, &[("PYBACKGROUND_STACK_RESERVE", "65536")]).unwrap();
    assert!(config.own_stack());
    assert_eq!(config.stack_reserve(), 0);
}

#[test]
fn few_threads_mean_few_workers() {
    let settings = ProgramSettings { max_threads: Some(1), ..ProgramSettings::default() };
    assert_eq!(with_environment(&settings, &[]).unwrap().workers(), 1);
}
