package daypasstest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AWSConfig configures clients of the AWS SDK for Go with root's credentials:
//
//	c := cognitoidentity.NewFromConfig(d.AWSConfig())
func (s *Server) AWSConfig() aws.Config {
	return s.AWSConfigOf(Credentials{AccessKeyID: AccessKeyID, SecretAccessKey: SecretAccessKey})
}

// AWSConfigOf configures clients of the AWS SDK for Go with credentials.
func (s *Server) AWSConfigOf(c Credentials) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: aws.String(s.URL), Credentials: c}
}

// Retrieve implements aws.CredentialsProvider.
func (c Credentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		AccountID: Account, Source: "daypasstest",
	}, nil
}
