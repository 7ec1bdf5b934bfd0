package policy_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/daypass/daypass/internal/policy"
)

// What is too large or too odd for the files of the corpus.

const (
	oneIdentity = `{"Effect":"Deny","Action":"*","Resource":"*"}`
	oneTrust    = `{"Effect":"Deny","Principal":"*","Action":"sts:*"}`
)

// statements is a document of n statements with elements put into each.
func statements(kind policy.Kind, n int, elements string) string {
	one := oneIdentity
	if kind == policy.Trust {
		one = oneTrust
	}
	one = strings.TrimSuffix(one, "}") + elements + "}"
	return `{"Version":"2012-10-17","Statement":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
}

func TestParseHostile(t *testing.T) {
	const (
		megabyte = 1 << 20
		longest  = 131072
	)
	values := func(n int, value string) string { return strings.TrimSuffix(strings.Repeat(value+",", n), ",") }
	condition := func(operator, values string) string {
		return `,"Condition":{"` + operator + `":{"t:a":[` + values + `]}}`
	}
	tests := []struct {
		name string
		make func(policy.Kind) string
		want string // "": accepted, "JSON": no JSON, "syntax": JSON, but no policy
	}{
		{"a megabyte of white space", func(k policy.Kind) string { return statements(k, 1, "") + strings.Repeat(" ", megabyte) }, "JSON"},
		{"a megabyte of values", func(k policy.Kind) string {
			return statements(k, 1, condition("StringLike", values(megabyte/4, `"a"`)))
		}, "JSON"},
		{"a megabyte in one value", func(k policy.Kind) string {
			return statements(k, 1, condition("StringLike", `"`+strings.Repeat("*a", megabyte/2)+`"`))
		}, "JSON"},
		{"ten thousand statements", func(k policy.Kind) string { return statements(k, 10_000, "") }, "JSON"},
		{"more statements than fit a limit", func(k policy.Kind) string { return statements(k, 1001, "") }, "syntax"},
		{"as many statements as may be", func(k policy.Kind) string { return statements(k, 1000, "") }, ""},
		{"ten thousand values", func(k policy.Kind) string { return statements(k, 1, condition("StringLike", values(10_000, `"*a*"`))) }, ""},
		{"ten thousand numbers", func(k policy.Kind) string { return statements(k, 1, condition("NumericEquals", values(10_000, "1"))) }, ""},
		{"one number of all digits", func(k policy.Kind) string {
			return statements(k, 1, condition("NumericEquals", strings.Repeat("9", longest-1000)))
		}, ""},
		{"one number of many digits and an exponent", func(k policy.Kind) string {
			return statements(k, 1, condition("NumericEquals", strings.Repeat("9", 1000)+"e999999999"))
		}, "legacy"},
		{"a date of all digits", func(k policy.Kind) string {
			return statements(k, 1, condition("DateEquals", strings.Repeat("9", longest-1000)))
		}, "legacy"},
		{"ten thousand variables", func(k policy.Kind) string {
			return statements(k, 1, condition("StringLike", `"`+strings.Repeat("${a}*", 10_000)+`"`))
		}, ""},
		{"ten thousand beginnings of variables", func(k policy.Kind) string {
			return statements(k, 1, condition("StringLike", `"`+strings.Repeat("${", 10_000)+`"`))
		}, "legacy"},
		{"a hundred thousand question marks", func(k policy.Kind) string {
			return statements(k, 1, condition("StringLike", `"`+strings.Repeat("?", 100_000)+`"`))
		}, ""},
		{"many colons in an ARN", func(k policy.Kind) string {
			return statements(k, 1, condition("ArnLike", `"`+strings.Repeat(":", 100_000)+`"`))
		}, ""},
		{"a thousand operators", func(k policy.Kind) string {
			var b strings.Builder
			for i := range 1000 {
				fmt.Fprintf(&b, `,"StringEquals%d":{}`, i)
			}
			return statements(k, 1, `,"Condition":{`+b.String()[1:]+`}`)
		}, "operator"},
		{"ten thousand keys", func(k policy.Kind) string {
			var b strings.Builder
			for i := range 10_000 {
				fmt.Fprintf(&b, `,"%x":1`, i)
			}
			return statements(k, 1, `,"Condition":{"StringEquals":{`+b.String()[1:]+`}}`)
		}, ""},
		{"ten thousand elements", func(k policy.Kind) string {
			var b strings.Builder
			for i := range 10_000 {
				fmt.Fprintf(&b, `,"%x":1`, i)
			}
			return statements(k, 1, b.String())
		}, "syntax"},
		{"the last of ten thousand keys repeated", func(k policy.Kind) string {
			var b strings.Builder
			for i := range 10_000 {
				fmt.Fprintf(&b, `,"%x":1`, i)
			}
			return statements(k, 1, `,"Condition":{"StringEquals":{`+b.String()[1:]+`,"0":1}}`)
		}, "JSON"},
		{"lists, deeply", func(policy.Kind) string { return strings.Repeat("[", 60_000) + strings.Repeat("]", 60_000) }, "JSON"},
		{"objects, deeply", func(policy.Kind) string { return strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000) }, "JSON"},
		{"lists without an end", func(policy.Kind) string { return strings.Repeat("[", longest) }, "JSON"},
		{"a string without an end", func(policy.Kind) string { return `{"Version":"` + strings.Repeat("x", longest-20) }, "JSON"},
		{"escapes without an end", func(policy.Kind) string { return `{"Version":"` + strings.Repeat(`\`, 100_001) }, "JSON"},
		{"a byte that is no UTF-8", func(k policy.Kind) string { return strings.Replace(statements(k, 1, ""), "2012", "20\xff12", 1) }, "JSON"},
		{"a character in more bytes than it needs", func(k policy.Kind) string { return strings.Replace(statements(k, 1, ""), "*", "\xc0\xaa", 1) }, "JSON"},
		{"half a surrogate pair in UTF-8", func(k policy.Kind) string { return strings.Replace(statements(k, 1, ""), "*", "\xed\xa0\x80", 1) }, "JSON"},
		{"a character cut off", func(k policy.Kind) string { return strings.Replace(statements(k, 1, ""), "*", "\xe2\x82", 1) }, "JSON"},
		{"beyond Unicode", func(k policy.Kind) string { return strings.Replace(statements(k, 1, ""), "*", "\xf4\x90\x80\x80", 1) }, "JSON"},
		{"no UTF-8 in a name", func(k policy.Kind) string {
			return strings.Replace(statements(k, 1, ""), "Version", "Version\xff", 1)
		}, "JSON"},
		{"UTF-16", func(k policy.Kind) string {
			var b strings.Builder
			for _, u := range utf16.Encode([]rune(statements(k, 1, ""))) {
				b.WriteByte(byte(u))
				b.WriteByte(byte(u >> 8))
			}
			return b.String()
		}, "JSON"},
	}
	messages := map[string][2]string{
		"JSON":     {"Syntax errors in policy.", "This policy contains invalid Json"},
		"syntax":   {"Syntax errors in policy.", "Syntax error in policy."},
		"legacy":   {"The policy failed legacy parsing", "Syntax error in policy."},
		"operator": {"Syntax errors in policy.", "Invalid Condition type : StringEquals0"},
	}
	for _, tt := range tests {
		for row, kind := range []policy.Kind{policy.Identity, policy.Trust} {
			t.Run(tt.name+"/"+kind.String(), func(t *testing.T) {
				_, err := policy.Parse(kind, tt.make(kind))
				if tt.want == "" {
					if err != nil {
						t.Errorf("Parse: %v", err)
					}
					return
				}
				var malformed *policy.Error
				if want := messages[tt.want][row]; !errors.As(err, &malformed) || malformed.Message != want {
					t.Errorf("Parse: %.200v, want %s", err, want)
				}
			})
		}
	}
}

// Reading a document costs memory in proportion to its length, whatever is in
// it: a byte becomes at most a few hundred.
func TestParseMemory(t *testing.T) {
	for name, value := range map[string]string{
		"nesting": strings.Repeat("[", 100_000), "numbers": strings.Repeat("1,", 50_000) + "1", "lists": strings.Repeat("[],", 30_000) + "1",
		"questions": `"` + strings.Repeat("?", 100_000) + `"`, "asterisks": `"` + strings.Repeat("*a", 50_000) + `"`, "variables": `"` + strings.Repeat("${a}", 25_000) + `"`,
	} {
		text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"a:b":[` + value + `]}}}}`
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = policy.Parse(policy.Identity, text) // some are malformed
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / uint64(len(text)); per > 500 {
			t.Errorf("%s: %d bytes for each byte of the document", name, per)
		}
	}
}

// Values that a request brings along are text, whatever is in them.
func TestEvaluateHostileValues(t *testing.T) {
	values := []string{
		"\xff", "\xc0\xaa", "\xed\xa0\x80", "\x00", "\u202e", "\ufeff", "*", "?", "${t:a}", "$", "${", "a\x00b", strings.Repeat("a", 1<<20), strings.Repeat("*?", 1<<10),
		"-", ".", "1e9999999999", strings.Repeat("9", 1<<16), "0x1p-2", "9223372036854775807", "2026-02-30", "2026-06-01T00:00:00.9999999999999Z", "0000-00-00",
		"::ffff:1.2.3.4%x", "1.2.3.4.5", "fe80::%", strings.Repeat(":", 1<<16), strings.Repeat("arn:", 1<<14), "TRUE ", "İ", "ſ", "K",
	}
	for _, operator := range append(operatorForms(), "Null") {
		text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"` + operator + `":{"t:a":["` + valueFor(operator) + `"]}}}}`
		d := mustParse(t, policy.Identity, text)
		for _, value := range values {
			req := &policy.Request{Action: "s3:x", Resource: "*", Context: policy.Context{"t:a": {value}, "t:b": {value}}}
			got := d.Evaluate(req).Effect
			if len(value) > 1<<12 {
				continue // the reference is slow
			}
			if want := naiveEvaluate(text, policy.Identity, req).effect(); got != want {
				t.Errorf("%s of %q: %v, the reference says %v", operator, value, got, want)
			}
		}
	}
}

// valueFor is a value that the operator accepts.
func valueFor(operator string) string {
	for family, value := range map[string]string{
		"String": "*a?${t:b}*", "Numeric": "10", "Date": "2026-06-01", "Bool": "true", "Binary": "AA==", "IpAddress": "1.2.3.0/24", "Arn": "arn:*:*:*:*:*${t:b}", "Null": "false",
	} {
		if strings.Contains(operator, family) {
			return value
		}
	}
	panic("unknown operator " + operator)
}

// operatorForms is every operator but Null with every prefix and suffix.
func operatorForms() (names []string) {
	for _, base := range baseOperators {
		for _, prefix := range []string{"", "ForAnyValue:", "ForAllValues:"} {
			names = append(names, prefix+base, prefix+base+"IfExists")
		}
	}
	return names
}
