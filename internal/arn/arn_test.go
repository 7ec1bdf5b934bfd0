package arn_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/arn"
)

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want arn.ARN
	}{
		{"arn:aws:iam::111122223333:role/a/b", arn.ARN{Partition: "aws", Service: "iam", Account: "111122223333", Resource: "role/a/b"}},
		{"arn:aws:s3:::bucket", arn.ARN{Partition: "aws", Service: "s3", Resource: "bucket"}},
		{
			"arn:aws-cn:sts:cn-north-1:111122223333:assumed-role/r/s:t",
			arn.ARN{Partition: "aws-cn", Service: "sts", Region: "cn-north-1", Account: "111122223333", Resource: "assumed-role/r/s:t"},
		},
		{"arn:aws:iam::aws:policy/X", arn.ARN{Partition: "aws", Service: "iam", Account: "aws", Resource: "policy/X"}},
		{"arn:aws:s3:::bücket/ ", arn.ARN{Partition: "aws", Service: "s3", Resource: "bücket/ "}},
	}
	for _, tt := range tests {
		got, err := arn.Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", tt.in, diff)
		}
		if got.String() != tt.in {
			t.Errorf("Parse(%q).String() = %q", tt.in, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "arn: not an ARN: fewer than six components"},
		{"*", "arn: not an ARN: fewer than six components"},
		{"arn:aws:iam::111122223333", "arn: not an ARN: fewer than six components"},
		{"ARN:aws:iam::111122223333:root", "arn: not an ARN: does not begin with arn:"},
		{"arn::iam::111122223333:root", "arn: not an ARN: empty partition, service or resource"},
		{"arn:aws:::111122223333:root", "arn: not an ARN: empty partition, service or resource"},
		{"arn:aws:iam::111122223333:", "arn: not an ARN: empty partition, service or resource"},
		{"arn:aws:iam::1111 2222:root", "arn: not an ARN: other than printable ASCII before the resource"},
		{"arn:aws:i\x00m::1:root", "arn: not an ARN: other than printable ASCII before the resource"},
		{"arn:aws:s3:::" + strings.Repeat("x", arn.MaxLength), "arn: not an ARN: longer than 2048 bytes"},
	}
	for _, tt := range tests {
		got, err := arn.Parse(tt.in)
		if err == nil || err.Error() != tt.want || !errors.Is(err, arn.ErrSyntax) {
			t.Errorf("Parse(%q) = %v, %v; want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, s string
		want       bool
	}{
		{"arn:aws:s3:::b", "arn:aws:s3:::b", true},
		{"arn:aws:s3:::b", "arn:aws:s3:::B", false},
		{"arn:aws:s3:::b*", "arn:aws:s3:::b", true},
		{"arn:aws:s3:::b?", "arn:aws:s3:::b", false},
		{"arn:aws:s3:::b?", "arn:aws:s3:::bé", true},
		{"arn:aws:s3:::b??", "arn:aws:s3:::b€", false},
		{"arn:aws:s3:::*/x", "arn:aws:s3:::a/b:c/x", true},
		{"arn:*:*:*:*:*", "arn:aws:iam::1:user/x:y", true},
		{"*", "arn:aws:iam::1:user/x", true},
		{"*", "user/x", false},
		{"**", "arn:aws:iam::1:user/x", false},
		{"arn:aws:iam::*", "arn:aws:iam::1:user/x", false},
		{"arn:aws:iam::*:user/x", "arn:aws:iam::1:user/x", true},
		{"arn:aws:*:user/x", "arn:aws:iam::1:user/x", false},
		{"arn:aws:iam::?:user/x", "arn:aws:iam:::user/x", false},
		{"*:*:*:*:*:*", "arn:aws:iam::1:user/x", true},
		{"", "", false},
		// The example of the IAM User Guide: the asterisk in the region does
		// not reach across colons, as StringLike would let it.
		{
			"arn:aws:svc:*:111122223333:finance/*",
			"arn:aws:svc:us-east-2:999999999999:store/abc:111122223333:finance/x", false,
		},
		{
			"arn:aws:svc:*:111122223333:finance/*",
			"arn:aws:svc:us-east-2:111122223333:finance/x:y", true,
		},
	}
	for _, tt := range tests {
		if got := arn.Match(tt.pattern, tt.s); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

// FuzzParse: what parses is printed as it was read, and has no more or fewer
// components than the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"arn:aws:iam::111122223333:role/x", "arn:aws:s3:::b:c", "arn:a:b:c:d:e", "arn:aws", "::::::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := arn.Parse(s)
		if err != nil {
			if a != (arn.ARN{}) {
				t.Errorf("Parse(%q) failed and returned %+v", s, a)
			}
			return
		}
		if a.String() != s {
			t.Errorf("Parse(%q).String() = %q", s, a)
		}
		for _, part := range []string{a.Partition, a.Service, a.Region, a.Account} {
			if strings.Contains(part, ":") {
				t.Errorf("Parse(%q): component %q contains a colon", s, part)
			}
		}
		literal := !strings.ContainsAny(s, "*?")
		if !arn.Match(s, s) && literal {
			t.Errorf("%q does not match itself", s)
		}
	})
}

// FuzzMatch compares Match with the obvious recursive matcher.
func FuzzMatch(f *testing.F) {
	f.Add("arn:aws:s3:::b*", "arn:aws:s3:::bucket")
	f.Add("a:b:c:d:e:*a?*b", "a:b:c:d:e:aaéb")
	f.Add("*:?:*?:??:*:f*:*", "arn:€:é:aa::f:g")
	f.Add("*:*:*:*:*:*\xa9?", "a:b:c:d:e:\xc3\xa9")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 24 || len(s) > 24 {
			return // the naive matcher is exponential
		}
		if got, want := arn.Match(pattern, s), naiveMatch(pattern, s); got != want {
			t.Errorf("Match(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}

func naiveMatch(pattern, s string) bool {
	have := strings.SplitN(s, ":", 6)
	if pattern == "*" {
		return len(have) == 6
	}
	want := strings.SplitN(pattern, ":", 6)
	if len(want) != 6 || len(have) != 6 {
		return false
	}
	for i := range want {
		if !naiveGlob(want[i], have[i]) {
			return false
		}
	}
	return true
}

func naiveGlob(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	_, n := utf8.DecodeRuneInString(s)
	switch pattern[0] {
	case '*':
		return naiveGlob(pattern[1:], s) || s != "" && naiveGlob(pattern, s[n:])
	case '?':
		return s != "" && naiveGlob(pattern[1:], s[n:])
	default:
		return s != "" && s[0] == pattern[0] && naiveGlob(pattern[1:], s[1:])
	}
}

func BenchmarkMatch(b *testing.B) {
	benchmarks := []struct{ name, pattern, s string }{
		{"exact", "arn:aws:iam::111122223333:role/guest", "arn:aws:iam::111122223333:role/guest"},
		{"wildcards", "arn:aws:s3:*:*:bucket/*/home/*", "arn:aws:s3:::bucket/us-east-1/home/me/file"},
		{"hostile-1k", "arn:aws:s3:::" + strings.Repeat("*a", 20) + "b", "arn:aws:s3:::" + strings.Repeat("a", 1<<10)},
		{"hostile-2k", "arn:aws:s3:::" + strings.Repeat("*a", 20) + "b", "arn:aws:s3:::" + strings.Repeat("a", 2<<10)},
		{"hostile-4k", "arn:aws:s3:::" + strings.Repeat("*a", 20) + "b", "arn:aws:s3:::" + strings.Repeat("a", 4<<10)},
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				arn.Match(bm.pattern, bm.s)
			}
		})
	}
}
