package awsapi

// Pages seals the tokens that say where a listing goes on: clients cannot read or
// make them, only hand them back for what they were made for, which the names say.
type Pages interface {
	// SealText seals a text under names.
	SealText(text string, names ...string) string
	// OpenText opens what was sealed under the same names. Anything else is an error.
	OpenText(sealed string, names ...string) (string, error)
}
