package instance

// Missed counts what no memory had, since the start: what was then verified,
// fetched, derived, read or compiled. A memory that is asked once for each request
// had all the others. It is for benchmarks, which must know what they measure; a
// hit costs nothing more for it.
type Missed struct {
	Signatures  uint64 // of OpenID Connect logins
	KeySets     uint64 // of their issuers
	SigningKeys uint64 // of signed requests
	Entities    uint64 // pools, roles, users and the like
	Policies    uint64
}

// Missed counts up to now.
func (i *Instance) Missed() Missed {
	return Missed{
		Signatures: i.oidc.Verified(), KeySets: i.oidc.KeySets(), SigningKeys: i.Handler.SigningKeys(),
		Entities: i.db.Loaded(), Policies: i.iam.Compiled(),
	}
}
