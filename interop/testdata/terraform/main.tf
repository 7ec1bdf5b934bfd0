# What terraform_test.go applies. The provider asks sts:GetCallerIdentity first.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "guests" {
  type = bool
}

variable "provider_arn" {
  type = string
}

variable "role_arn" {
  type = string
}

provider "aws" {
  region                     = "us-east-1"
  access_key                 = "test"
  secret_key                 = "test"
  max_retries                = 1
  skip_requesting_account_id = true

  endpoints {
    cognitoidentity = var.endpoint
    iam             = var.endpoint
    sts             = var.endpoint
  }
}

resource "aws_cognito_identity_pool" "photos" {
  identity_pool_name               = "photos"
  allow_unauthenticated_identities = var.guests
  allow_classic_flow               = true
  openid_connect_provider_arns     = [var.provider_arn]

  tags = {
    guests = var.guests
  }
}

resource "aws_cognito_identity_pool_roles_attachment" "photos" {
  identity_pool_id = aws_cognito_identity_pool.photos.id

  roles = {
    authenticated = var.role_arn
  }
}

output "pool" {
  value = aws_cognito_identity_pool.photos.id
}
