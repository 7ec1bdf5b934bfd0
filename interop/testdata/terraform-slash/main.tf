# What TestTerraformSlash applies: providers whose URLs differ by a slash.

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

provider "aws" {
  region                     = "us-east-1"
  access_key                 = "test"
  secret_key                 = "test"
  max_retries                = 1
  skip_requesting_account_id = true

  endpoints {
    iam = var.endpoint
    sts = var.endpoint
  }
}

resource "aws_iam_openid_connect_provider" "with" {
  url            = "https://acme.eu.auth0.com/"
  client_id_list = ["with"]
}

resource "aws_iam_openid_connect_provider" "without" {
  url            = "https://acme.eu.auth0.com"
  client_id_list = ["without"]
}

data "aws_iam_openid_connect_provider" "with" {
  url        = "https://acme.eu.auth0.com/"
  depends_on = [aws_iam_openid_connect_provider.with, aws_iam_openid_connect_provider.without]
}

data "aws_iam_openid_connect_provider" "without" {
  url        = "https://acme.eu.auth0.com"
  depends_on = [aws_iam_openid_connect_provider.with, aws_iam_openid_connect_provider.without]
}

# The key is made of the URL, as people do it.
resource "aws_iam_role" "app" {
  name = "app"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = data.aws_iam_openid_connect_provider.with.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = { "${data.aws_iam_openid_connect_provider.with.url}:aud" = "with" } }
    }]
  })
}

output "providers" {
  value = {
    for name, p in { with = data.aws_iam_openid_connect_provider.with, without = data.aws_iam_openid_connect_provider.without } :
    name => { arn = p.arn, url = p.url, client_ids = p.client_id_list }
  }
}

output "trust" {
  value = aws_iam_role.app.assume_role_policy
}
