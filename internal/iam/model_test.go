package iam_test

import (
	_ "embed"
	"testing"

	"github.com/daypass/daypass/internal/awsapi/modeltest"
	"github.com/daypass/daypass/internal/iam"
)

//go:embed testdata/model/iam.json
var apiModel []byte

func TestModel(t *testing.T) {
	// The model of CreateRole and GetAccessKeyLastUsed does not declare that a
	// boundary or a key may be missing.
	modeltest.Compare(t, iam.Operations(nil), apiModel, "NoSuchEntity")
}
