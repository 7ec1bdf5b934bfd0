package sts_test

import (
	_ "embed"
	"testing"

	"github.com/daypass/daypass/internal/awsapi/modeltest"
	"github.com/daypass/daypass/internal/sts"
)

//go:embed testdata/model/sts.json
var apiModel []byte

// InvalidParameterValue is what STS answers to bad session tags, though its
// model does not say so.
func TestModel(t *testing.T) {
	modeltest.Compare(t, sts.Operations(nil), apiModel, "InvalidParameterValue")
}
