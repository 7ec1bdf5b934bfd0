package idp

import "testing"

// BenchmarkSignIn measures a whole sign-in over loopback: four requests, one RSA signature.
func BenchmarkSignIn(b *testing.B) {
	s := start(b, testConfig())
	b.ReportAllocs()
	for b.Loop() {
		signInAs(b, s.app(), "ada", rightWord)
	}
}
