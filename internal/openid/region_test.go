package openid

import (
	"regexp"
	"strings"
	"testing"
)

// Regions of partitions that are not for everybody.
const otherRegions = `
	us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 us-isof-east-1 us-isof-south-1 eu-isoe-west-1`

func TestValidRegion(t *testing.T) {
	for _, region := range append(AWSRegions(), strings.Fields(otherRegions)...) {
		if !ValidRegion(region) {
			t.Errorf("%s is refused", region)
		}
	}
	for _, s := range []string{
		"", "-", "--", "us", "us-east", "east-1", "us-1", "-east-1", "us--1", "us-east-", "us-east-1-", "us--east-1",
		"us-east-0", "us-east-01", "us-east-100", "us-east-1a", "us-east-one", "us-east-+1", "us-east-1 ", " us-east-1", "us-east-1\n",
		"US-EAST-1", "Us-east-1", "us-East-1", "us_east_1", "us.east.1", "us-east-1-1", "us-east1", "us-east-１",
		"u-east-1", "usaaa-east-1", "us-govts-west-1", "us-g-west-1", "us1-east-1", "us-go1-east-1", "us-gov-iso-east-1",
		"us-local-1", "us-up-1", "us-gov", "us-gov-1", "us-northnorth-1", "éu-west-1",
		"eusc-isob-northwest-1", "us-east-1:157d6171-ee37-4dd0-86c5-ce7afc0154ab", strings.Repeat("us-east-1", 1000),
	} {
		if ValidRegion(s) {
			t.Errorf("%.80q is accepted", s)
		}
	}
}

// FuzzValidRegion: the hand-written check and the expression agree.
func FuzzValidRegion(f *testing.F) {
	for _, region := range AWSRegions() {
		f.Add(region)
	}
	f.Add("us-east-10")
	f.Add("us-gov-northwest-99")
	expression := regexp.MustCompile(`\A[a-z]{2,4}(-[a-z]{2,4})?-(central|(north|south)(east|west)?|east|west)-[1-9][0-9]?\z`)
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := ValidRegion(s), len(s) <= 18 && expression.MatchString(s); got != want {
			t.Errorf("%q: got %t, want %t", s, got, want)
		}
	})
}

func TestParseKID(t *testing.T) {
	for kid, want := range map[string]struct {
		region string
		number int
	}{
		"us-east-1-1":              {"us-east-1", 1},
		"us-gov-west-1-10":         {"us-gov-west-1", 10},
		"eu-west-1-999999999":      {"eu-west-1", 999_999_999},
		"us-east-11":               {}, // AWS's older form; we never made one
		"us-east-1":                {},
		"us-east-1-":               {},
		"us-east-1-0":              {},
		"us-east-1-01":             {},
		"us-east-1--1":             {},
		"us-east-1-+1":             {},
		"us-east-1-1234567890":     {},
		"us-east-1-1 ":             {},
		"":                         {},
		"a-random-key-id":          {},
		"../../../etc/us-east-1-1": {},
	} {
		region, number, ok := parseKID(kid)
		if region != want.region || number != want.number || ok != (want.number > 0) {
			t.Errorf("%q: got %q, %d, %t", kid, region, number, ok)
		}
	}
}

// FuzzParseKID: what is read as a key id is written the same way.
func FuzzParseKID(f *testing.F) {
	f.Add("us-east-1-1")
	f.Add("us-east-11")
	f.Add("eusc-de-east-1-42")
	f.Fuzz(func(t *testing.T, kid string) {
		region, number, ok := parseKID(kid)
		if ok && (formatKID(region, number) != kid || !ValidRegion(region) || number < 1) {
			t.Errorf("%q is read as %q, %d", kid, region, number)
		}
	})
}
