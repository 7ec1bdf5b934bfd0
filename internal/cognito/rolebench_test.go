package cognito

import (
	"fmt"
	"testing"
)

// The most rules of the quota, of which the last matches, and the text of that
// which goes into the log.
func BenchmarkResolveRole(b *testing.B) {
	rules := make([]MappingRule, 25)
	for n := range rules {
		rules[n] = MappingRule{"groups", "Equals", ClaimValue(fmt.Sprint("group", n)), role("r")}
	}
	p := &Pool{RoleMappings: RoleMappingMap{mappedARN: *rulesOf("Deny", rules...)}}
	proofs := []proof{claimed(b, mappedARN, `{"groups":["group24","other"],"sub":"x"}`)}
	b.Run("answer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.resolveRole(proofs, "")
		}
	})
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = p.resolveRole(proofs, "").answer.String()
		}
	})
}
