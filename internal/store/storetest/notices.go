package storetest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/limit"
)

// Each node has one notice, which all others read, and which goes when it leaves or
// when others have seen that it is gone.
func testNotices(t *testing.T, db *rig) {
	b := db.Board()
	notice := func(node byte, number int64, body string) limit.Notice {
		return limit.Notice{Node: [16]byte{15: node}, Number: number, Body: []byte(body)}
	}
	for _, step := range []struct {
		own        limit.Notice
		gone, want []limit.Notice
	}{
		{own: notice(1, 1, "a")},
		{own: notice(2, 1, ""), want: []limit.Notice{notice(1, 1, "a")}},
		{own: notice(1, 2, "b"), want: []limit.Notice{notice(2, 1, "")}},
		{own: notice(3, 9, "c"), gone: []limit.Notice{notice(1, 1, ""), notice(2, 1, ""), notice(7, 7, "")}, want: []limit.Notice{notice(1, 2, "b")}},
	} {
		got, err := b.Exchange(t.Context(), step.own, step.gone)
		if diff := cmp.Diff(slices.Clip(step.want), got); diff != "" || err != nil {
			t.Errorf("node %d, notice %d: %v\n%s", step.own.Node[15], step.own.Number, err, diff)
		}
	}
	if err := b.Leave(t.Context(), [16]byte{15: 1}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Exchange(t.Context(), notice(3, 10, "d"), nil); len(got) > 0 || err != nil {
		t.Errorf("after the other has left: %v, %v", got, err)
	}
}
