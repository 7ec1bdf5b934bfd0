package instance

import "time"

// Revocations is how many revocations are in force.
func (i *Instance) Revocations() int { return i.db.Revocations().Index().Len() }

// SigningKeys tells for each region for how long its key has signed.
func (i *Instance) SigningKeys(yield func(region string, age time.Duration)) {
	i.keys.SigningAges(yield)
}

// KeySets tells the age of each key set of a login provider that is kept in memory.
func (i *Instance) KeySets(yield func(issuer string, age time.Duration)) {
	now := i.now()
	for issuer, fetched := range i.oidc.KeysFetched() {
		yield(issuer, now.Sub(fetched))
	}
}
