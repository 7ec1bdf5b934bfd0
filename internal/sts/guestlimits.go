package sts

// Guests of identity pools who get their credentials from the pool itself (the
// enhanced flow) are limited beyond what their role allows, to what at least one
// of two policies allows: "Services that are accessible to unauthenticated
// identities" in "IAM roles", Amazon Cognito Developer Guide. Sessions say only
// that they are a guest's: what that means is looked up when it counts, so that
// nobody carries the documents and the limits of today hold for all.

// guestPolicyARN is the managed one of the two policies.
const guestPolicyARN = "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy"

// guestPolicy is the other one, as the guide prints it.
const guestPolicy = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "cloudwatch:*",
        "logs:*",
        "dynamodb:*",
        "kinesis:*",
        "mobileanalytics:*",
        "s3:*",
        "ses:*",
        "sns:*",
        "sqs:*",
        "lambda:*",
        "machinelearning:*",
        "execute-api:*",
        "iot:*",
        "gamelift:*",
        "cognito-identity:*",
        "cognito-idp:*",
        "lex:*",
        "polly:*",
        "comprehend:*",
        "translate:*",
        "transcribe:*",
        "rekognition:*",
        "mobiletargeting:*",
        "firehose:*",
        "appsync:*",
        "personalize:*",
        "sagemaker:InvokeEndpoint",
        "cognito-sync:*",
        "codewhisperer:*",
        "textract:DetectDocumentText",
        "textract:AnalyzeDocument",
        "sdb:*"
      ],
      "Resource": "*"
    }
  ]
}`
