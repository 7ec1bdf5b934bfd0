package hostile

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// attackTime is how long each attack lasts.
var attackTime = 10 * time.Second

// TestMain runs the attacks where they are asked for.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("DAYPASS_HOSTILE") == "" {
		fmt.Println("no attacks: DAYPASS_HOSTILE is not set (make hostile)")
		return
	}
	if s := os.Getenv("DAYPASS_HOSTILE_SECONDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 60 {
			fmt.Fprintf(os.Stderr, "DAYPASS_HOSTILE_SECONDS=%q: give a number from 1 to 60\n", s)
			os.Exit(2)
		}
		attackTime = time.Duration(n) * time.Second
	}
	os.Exit(m.Run())
}
