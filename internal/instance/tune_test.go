package instance

import "testing"

func TestPart(t *testing.T) {
	const mib = 1 << 20
	for there, want := range map[int64]int64{64 * mib: 32 * mib, 128 * mib: 64 * mib, 256 * mib: 144 * mib, 512 * mib: 336 * mib, 8192 * mib: 6096 * mib} {
		if got := part(there); got != want {
			t.Errorf("of %d MiB Go may use %d, want %d", there/mib, got/mib, want/mib)
		}
	}
}
