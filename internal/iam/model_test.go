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
	modeltest.Compare(t, iam.Operations(nil), apiModel)
}
