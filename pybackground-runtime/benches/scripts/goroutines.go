// Goroutines joined by channels, as a reference for the `peers` table.
//
// Usage: go run goroutines.go ROW; prints the figure in nanoseconds and what else the row tells.
package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sleep      = 200 * time.Millisecond
	longEnough = 150 * time.Millisecond
	fibOf      = 25
	fibCalls   = 2*121393 - 1
)

// background starts a call and returns the channel that will bring its result.
func background(body func() uint64) <-chan uint64 {
	result := make(chan uint64, 1)
	go func() { result <- body() }()
	return result
}

func fib(n uint64) <-chan uint64 {
	return background(func() uint64 {
		if n < 2 {
			return n
		}
		a, b := fib(n-1), fib(n-2)
		return <-a + <-b
	})
}

// perUnit gives the nanoseconds a unit of pass, repeated until the clock is no matter.
func perUnit(units int, pass func()) float64 {
	start := time.Now()
	for passes := 1; ; passes++ {
		pass()
		if elapsed := time.Since(start); elapsed >= longEnough {
			return float64(elapsed.Nanoseconds()) / float64(units*passes)
		}
	}
}

func expect(got, want uint64) {
	if got != want {
		panic(fmt.Sprintf("got %d instead of %d", got, want))
	}
}

func identity(number uint64) func() uint64 {
	return func() uint64 { return number }
}

func atOnce() {
	roundTrips := func() {
		for number := uint64(0); number < 100; number++ {
			expect(<-background(identity(number)), number)
		}
	}
	roundTrips()
	fmt.Println(perUnit(100, roundTrips))
}

func joinAll() {
	const calls = 100_000
	pass := func() {
		results := make([]<-chan uint64, 0, calls)
		for number := uint64(0); number < calls; number++ {
			results = append(results, background(identity(number)))
		}
		expect(sum(results), calls*(calls-1)/2)
	}
	pass()
	fmt.Println(perUnit(calls, pass))
}

func sum(results []<-chan uint64) uint64 {
	total := uint64(0)
	for _, result := range results {
		total += <-result
	}
	return total
}

func recursion() {
	pass := func() { expect(<-fib(fibOf), 75025) }
	pass()
	fmt.Println(perUnit(fibCalls, pass))
}

// gauge tells how many are in at once.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); {
		most = g.most.Load()
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

func sleepers(bodies int) {
	var inside gauge
	start := time.Now()
	results := make([]<-chan uint64, 0, bodies)
	for range make([]struct{}, bodies) {
		results = append(results, background(func() uint64 {
			inside.enter()
			defer inside.leave()
			time.Sleep(sleep)
			return 1
		}))
	}
	expect(sum(results), uint64(bodies))
	fmt.Println(time.Since(start).Nanoseconds(), inside.most.Load())
}

func together() {
	const bodies = 10_000
	var inside gauge
	var all sync.WaitGroup
	var lastCame atomic.Int64
	all.Add(bodies)
	start := time.Now()
	results := make([]<-chan uint64, 0, bodies)
	for range make([]struct{}, bodies) {
		results = append(results, background(func() uint64 {
			inside.enter()
			defer inside.leave()
			lastCame.Store(time.Since(start).Nanoseconds())
			all.Done()
			all.Wait()
			return 1
		}))
	}
	expect(sum(results), bodies)
	fmt.Println(lastCame.Load(), inside.most.Load())
}

func main() {
	rows := map[string]func(){
		"at-once":    atOnce,
		"join-all":   joinAll,
		"fib":        recursion,
		"sleep-1000": func() { sleepers(1_000) },
		"sleep-5000": func() { sleepers(5_000) },
		"together":   together,
	}
	if len(os.Args) != 2 || rows[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: go run goroutines.go at-once|join-all|fib|sleep-1000|sleep-5000|together")
		os.Exit(2)
	}
	rows[os.Args[1]]()
}
