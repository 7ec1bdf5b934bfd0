package bench

import (
	"strings"
	"testing"
	"time"
)

// A run that measured something else than it says is refused.
func TestRefused(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	made := func(n, cpu int, did does) round {
		return round{n: n, cpu: ms(cpu), wall: time.Second, took: make([]time.Duration, n), did: report{Did: did}}
	}
	verified, bare := does{"Signatures": 1}, does{"logins": 1}
	for _, test := range []struct {
		name           string
		daypass, other round
		want           string
	}{
		{"good", made(1000, 1000, does{"Signatures": 995}), made(2000, 1000, does{"logins": 2000}), ""},
		{"remembered", made(1000, 1000, does{"Signatures": 980}), made(2000, 1000, does{"logins": 2000}), "daypass did 0.980 Signatures for each request, not 1"},
		{"fetched", made(1000, 1000, does{"Signatures": 1000, "Entities": 20}), made(2000, 1000, does{"logins": 2000}), "daypass did 0.020 Entities for each request, not 0"},
		{"not counted", made(1000, 1000, does{}), made(2000, 1000, does{"logins": 2000}), "daypass did not say how many Signatures"},
		{"an idle ceiling", made(1000, 1000, does{"Signatures": 1000}), made(2000, 1000, does{"logins": 0}), "the ceiling did 0.000 logins for each request, not 1"},
		{"half the rate with less CPU", made(1000, 1000, does{"Signatures": 1000}), made(500, 450, does{"logins": 500}), "0.90 by CPU time and 2.00 by requests a second"},
		{"a short round", made(100, 19, does{"Signatures": 100}), made(200, 1000, does{"logins": 200}), "daypass used 19ms of CPU time, too little to tell"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p pair
			for k := range rounds {
				p.first[k], p.second[k] = test.daypass, test.other
			}
			err := p.refused(verified, bare)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if !p.firm() {
				t.Error("rounds that are all the same are no verdict")
			}
			p.first[0].cpu = p.first[0].cpu * 3 / 2
			p.first[1].cpu = p.first[1].cpu * 3 / 4
			if p.firm() {
				t.Error("rounds that lie far apart are a verdict")
			}
		})
	}
}
