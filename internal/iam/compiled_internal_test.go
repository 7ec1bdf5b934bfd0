package iam

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/policy"
)

// However many documents there are, what is remembered has a bound, and what is
// used stays.
func TestCompiledIsBounded(t *testing.T) {
	var c compiled
	document := func(i int) string {
		return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get%d","Resource":"*"}]}`, i)
	}
	kept, err := c.get(document(0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 * maxWeight / weightOf(document(0)) {
		if _, err := c.get(document(1 + i)); err != nil {
			t.Fatal(err)
		}
		if again, _ := c.get(document(0)); again != kept {
			t.Fatalf("after %d documents what is used all the time is forgotten", i)
		}
		if weight := c.documents.Weight(); weight > 2*maxWeight {
			t.Fatalf("after %d documents they weigh %d", i, weight)
		}
	}
	if _, err := c.get("{}"); err == nil {
		t.Error("a document that is none was compiled")
	}
}

// A document as heavy as can be is compiled and does not stay for ever.
func TestCompiledTakesTheHeaviest(t *testing.T) {
	var c compiled
	for i := range 20 {
		text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get%d","Resource":"*"}]}%*s`, i, 131072-100, "")
		if _, err := c.get(text); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.documents.Weight(); got > 2*maxWeight {
		t.Errorf("twenty documents of 8 MiB weigh %d", got)
	}
}

// What documents weigh is more than the memory that they take, the costliest of
// them too: the shortest patterns, many times.
func TestWeightIsEnough(t *testing.T) {
	repeat := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	statement := func(action, resource, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + action + `],"Resource":[` + resource + `],"Condition":{` + condition + `}}]}`
	}
	const any = `"*"`
	for name, text := range map[string]string{
		"actions":    statement(repeat(200, `"s3:*"`), any, ""),
		"resources":  statement(any, repeat(400, any), ""),
		"ARNs":       statement(any, repeat(200, `"arn:aws:s::*:*"`), ""),
		"values":     statement(any, any, `"StringLike":{"a:b":[`+repeat(400, `"*"`)+`]}`),
		"runs":       statement(any, any, `"StringLike":{"a:b":[`+repeat(400, `"*?*"`)+`]}`),
		"variables":  statement(any, any, `"StringLike":{"a:b":[`+repeat(200, `"${*}*"`)+`]}`),
		"numbers":    statement(any, any, `"NumericEquals":{"a:b":[`+repeat(400, `1`)+`]}`),
		"dates":      statement(any, any, `"DateEquals":{"a:b":[`+repeat(400, `"1"`)+`]}`),
		"addresses":  statement(any, any, `"IpAddress":{"a:b":[`+repeat(200, `"::1"`)+`]}`),
		"ARN values": statement(any, any, `"ArnLike":{"a:b":[`+repeat(400, `"*"`)+`]}`),
		"statements": `{"Version":"2012-10-17","Statement":[` + repeat(50, `{"Effect":"Deny","Action":"*","Resource":"*"}`) + `]}`,
	} {
		const copies = 200
		documents := make([]*policy.Document, copies)
		before := heap()
		for i := range documents {
			d, err := policy.Parse(policy.Identity, text)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			documents[i] = d
		}
		takes := (heap() - before) / copies
		runtime.KeepAlive(documents)
		if takes > uint64(weightOf(text)) {
			t.Errorf("%s: %d characters take %d bytes, and weigh %d", name, len(text), takes, weightOf(text))
		}
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
