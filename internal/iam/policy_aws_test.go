package iam_test

import (
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// What each of the policies that are daypass's own lets its owner do, and what it
// leaves out.
func TestAWSPoliciesAllow(t *testing.T) {
	for name, test := range map[string]struct{ may, mayNot string }{
		"AmazonS3ReadOnlyAccess":                   {"s3:GetObject s3:ListBucket s3:ListAllMyBuckets s3-object-lambda:GetObject", "s3:PutObject s3:DeleteObject s3:RestoreObject sqs:ListQueues"},
		"AmazonS3FullAccess":                       {"s3:GetObject s3:PutObject s3:DeleteBucket", "s3tables:GetTable sqs:ListQueues"},
		"AmazonDynamoDBReadOnlyAccess":             {"dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query dynamodb:Scan dynamodb:DescribeTable dynamodb:ListTables dynamodb:GetRecords", "dynamodb:PutItem dynamodb:BatchWriteItem dynamodb:DeleteTable dynamodb:PartiQLUpdate dynamodb:TagResource dax:PutItem"},
		"AmazonDynamoDBFullAccess":                 {"dynamodb:PutItem dynamodb:CreateTable dax:GetItem", "s3:GetObject"},
		"service-role/AWSLambdaBasicExecutionRole": {"logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents", "logs:GetLogEvents logs:DeleteLogGroup"},
		"AmazonSQSFullAccess":                      {"sqs:SendMessage sqs:DeleteQueue", "sns:Publish"},
		"AmazonSQSReadOnlyAccess":                  {"sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueues", "sqs:ReceiveMessage sqs:SendMessage sqs:PurgeQueue"},
		"AmazonSNSFullAccess":                      {"sns:Publish sns:CreateTopic", "sqs:SendMessage"},
		"AmazonSNSReadOnlyAccess":                  {"sns:GetTopicAttributes sns:ListTopics", "sns:Publish sns:Subscribe"},
		"AWSIoTDataAccess":                         {"iot:Connect iot:Publish iot:Subscribe iot:Receive iot:UpdateThingShadow", "iot:CreateThing iot:AttachPolicy"},
		"IAMReadOnlyAccess":                        {"iam:GetRole iam:ListUsers iam:SimulateCustomPolicy iam:GenerateCredentialReport", "iam:CreateUser iam:PassRole iam:PutRolePolicy sts:AssumeRole"},
		"IAMFullAccess":                            {"iam:CreateUser iam:PassRole iam:GetRole", "sts:AssumeRole cognito-identity:ListIdentityPools"},
		"PowerUserAccess":                          {"cognito-identity:CreateIdentityPool sts:AssumeRole s3:PutObject iam:ListRoles iam:CreateServiceLinkedRole", "iam:CreateUser iam:PassRole iam:GetRole iam:PutRolePolicy organizations:CreateAccount account:CloseAccount"},
		"job-function/ViewOnlyAccess":              {"cognito-identity:ListIdentityPools iam:ListRoles s3:ListAllMyBuckets sqs:ListQueues dynamodb:ListTables", "cognito-identity:DescribeIdentityPool cognito-identity:GetIdentityPoolRoles iam:GetRolePolicy iam:CreateUser s3:GetObject sqs:ReceiveMessage dynamodb:GetItem"},
	} {
		text, ok := iam.AWSManagedDocument("arn:aws:iam::aws:policy/" + name)
		if !ok {
			t.Errorf("there is no %s", name)
			continue
		}
		d, err := policy.Parse(policy.Managed, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.Size() > iam.DefaultLimits().ManagedPolicySize {
			t.Errorf("%s has %d characters", name, d.Size())
		}
		for want, actions := range map[policy.Effect]string{policy.Allow: test.may, policy.ImplicitDeny: test.mayNot} {
			for _, action := range strings.Fields(actions) {
				if got := d.Evaluate(&policy.Request{Action: action, Resource: "*"}).Effect; got != want {
					t.Errorf("%s: %s: %v, want %v", name, action, got, want)
				}
			}
		}
	}
}
