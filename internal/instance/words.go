package instance

import (
	"context"
	"io"
	"path/filepath"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/store"
)

// The words of a Config, so that whoever starts an instance needs to know no other
// package for it.
type (
	// RootAccessKey is an access key of the account's root.
	RootAccessKey = iam.RootAccessKey
	// StrangerRates limit how fast strangers make rows.
	StrangerRates = cognito.Rates
	// Rate is how often something may happen in the long run, and at once.
	Rate = cognito.Rate
	// UserPoolIssuer says where the tokens of a user pool come from instead of AWS.
	UserPoolIssuer = login.UserPoolIssuer
	// Credentials sign calls of login providers.
	Credentials = login.Credentials
	// Fault is what an operation does in place of what it is for.
	Fault = server.Fault
)

// The kinds of faults.
const (
	FaultThrottle        = server.FaultThrottle
	FaultInternalError   = server.FaultInternalError
	FaultExternalService = server.FaultExternalService
	FaultCut             = server.FaultCut
)

// ParseUserPoolIssuer reads "ISSUER,KEY-SET-URL".
func ParseUserPoolIssuer(text string) (UserPoolIssuer, error) { return login.ParseUserPoolIssuer(text) }

// AccountOf finds the account in the ID of an access key that daypass made.
func AccountOf(accessKeyID string) (account string, ok bool) { return iam.AccountOf(accessKeyID) }

// Lock keeps instances out of a data directory, without opening one. Where one is open
// it fails, and the error names its process.
func Lock(dataDir string) (io.Closer, error) {
	return store.Lock(filepath.Join(dataDir, datadir.Database))
}

// Blank makes a database with the schema and nothing in it, in a file.
func Blank(ctx context.Context, path string) error {
	db, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return err
	}
	return db.Close()
}

// ValidRegion says whether a text looks like the name of a region.
func ValidRegion(region string) bool { return openid.ValidRegion(region) }

// CheckOutboundAllow says what is wrong with Config.OutboundAllow.
func CheckOutboundAllow(allow []string) error { return (&fetch.Client{Allow: allow}).Check() }

// CheckEndpoints says what is wrong with Logins.Endpoints.
func CheckEndpoints(endpoints map[string]string) error {
	return (&fetch.Client{Endpoints: endpoints}).Check()
}
