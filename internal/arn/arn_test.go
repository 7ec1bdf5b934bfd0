package arn_test

import (
	"errors"
	"strings"
	"testing"

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
	})
}
