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

# The second version of everything that can change in place.
variable "second" {
  type    = bool
  default = false
}

variable "provider_arn" {
  type = string
}

variable "provider_name" {
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

locals {
  user_pool = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Albums123"
  client    = "4n5client7id"
}

resource "aws_cognito_identity_pool" "albums" {
  identity_pool_name               = "albums"
  allow_unauthenticated_identities = !var.second
  allow_classic_flow               = true
  developer_provider_name          = "login.albums"
  openid_connect_provider_arns     = [var.provider_arn]

  supported_login_providers = merge(
    { "accounts.google.com" = "123456789012.apps.googleusercontent.com" },
    var.second ? { "graph.facebook.com" = "7346241598935552" } : {},
  )

  cognito_identity_providers {
    client_id               = local.client
    provider_name           = local.user_pool
    server_side_token_check = var.second
  }

  tags = var.second ? { version = "2" } : { version = "1", draft = "" }
}

# Nothing but what is required, and so nothing but defaults.
resource "aws_cognito_identity_pool" "plain" {
  identity_pool_name = "plain"
}

resource "aws_cognito_identity_pool_roles_attachment" "albums" {
  identity_pool_id = aws_cognito_identity_pool.albums.id

  roles = {
    authenticated = var.role_arn
  }

  role_mapping {
    identity_provider         = var.provider_arn
    ambiguous_role_resolution = var.second ? "Deny" : "AuthenticatedRole"
    type                      = "Rules"

    mapping_rule {
      claim      = "isAdmin"
      match_type = "Equals"
      role_arn   = var.role_arn
      value      = var.second ? "yes" : "paid"
    }

    mapping_rule {
      claim      = "email"
      match_type = "Contains"
      role_arn   = var.role_arn
      value      = "@example.com"
    }
  }

  role_mapping {
    identity_provider         = "${local.user_pool}:${local.client}"
    ambiguous_role_resolution = "Deny"
    type                      = "Token"
  }
}

resource "aws_cognito_identity_pool_provider_principal_tag" "named" {
  identity_pool_id       = aws_cognito_identity_pool.albums.id
  identity_provider_name = var.provider_name
  use_defaults           = false

  principal_tags = {
    department = var.second ? "team" : "unit"
  }
}

resource "aws_cognito_identity_pool_provider_principal_tag" "defaults" {
  identity_pool_id       = aws_cognito_identity_pool.albums.id
  identity_provider_name = local.user_pool
  use_defaults           = true
}

data "aws_cognito_identity_pool" "albums" {
  identity_pool_name = "albums"
  depends_on         = [aws_cognito_identity_pool.albums]
}

# A token that is in no plan and no state. It has to be passed on to somebody:
# here to a command, which writes it down for the test to look at.
ephemeral "aws_cognito_identity_openid_token_for_developer_identity" "uploader" {
  identity_pool_id = aws_cognito_identity_pool.albums.id
  token_duration   = 60

  logins = {
    (aws_cognito_identity_pool.albums.developer_provider_name) = "uploader"
  }

  principal_tags = {
    department = "press"
  }
}

resource "terraform_data" "uploader" {
  provisioner "local-exec" {
    command = "printf %s \"$TOKEN\" >token"
    environment = {
      TOKEN = ephemeral.aws_cognito_identity_openid_token_for_developer_identity.uploader.token
    }
    working_dir = path.module
  }
}

output "pool" {
  value = aws_cognito_identity_pool.albums.id
}

output "data" {
  value = data.aws_cognito_identity_pool.albums
}
