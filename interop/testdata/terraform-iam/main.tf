# What terraform_iam_test.go applies: everything of IAM that a pool may need.

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

variable "metadata" {
  type = string
}

provider "aws" {
  region      = "us-east-1"
  access_key  = "test"
  secret_key  = "test"
  max_retries = 1

  endpoints {
    cognitoidentity = var.endpoint
    iam             = var.endpoint
    sts             = var.endpoint
  }

  default_tags {
    tags = {
      version = var.second ? "2" : "1"
    }
  }
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "objects" {
  statement {
    actions   = var.second ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"]
    resources = ["arn:aws:s3:::photos/&{aws:PrincipalTag/username}/*"]
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    principals {
      type        = "Federated"
      identifiers = ["cognito-identity.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "cognito-identity.amazonaws.com:aud"
      values   = [aws_cognito_identity_pool.photos.id]
    }
    condition {
      test     = "ForAnyValue:StringLike"
      variable = "cognito-identity.amazonaws.com:amr"
      values   = ["authenticated"]
    }
  }
  dynamic "statement" {
    for_each = var.second ? [1] : []
    content {
      actions = ["sts:AssumeRole"]
      principals {
        type        = "AWS"
        identifiers = [aws_iam_user.deployer.arn]
      }
    }
  }
}

resource "aws_iam_policy" "objects" {
  name        = "objects"
  path        = "/photos/"
  description = "A user's own objects."
  policy      = data.aws_iam_policy_document.objects.json
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:*", "cognito-identity:*"], Resource = "*" }]
  })
}

resource "aws_iam_role" "user" {
  name                 = "photos-user"
  path                 = "/photos/"
  description          = var.second ? "Those who have signed in." : "Signed-in users."
  max_session_duration = var.second ? 7200 : 3600
  permissions_boundary = var.second ? null : aws_iam_policy.boundary.arn
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  # What daypass reads. The target is removed again with the second apply.
  tags = merge({ "daypass:session-duration" = var.second ? "7200" : "900" }, var.second ? {} : {
    "daypass:target"      = "store"
    "daypass:target-role" = "arn:aws:iam::123456789012:role/photos"
  })
}

resource "aws_iam_role_policy" "inline" {
  name   = "inline"
  role   = aws_iam_role.user.name
  policy = data.aws_iam_policy_document.objects.json
}

resource "aws_iam_role_policy_attachment" "objects" {
  role       = aws_iam_role.user.name
  policy_arn = aws_iam_policy.objects.arn
}

resource "aws_iam_role_policy_attachment" "readonly" {
  role       = aws_iam_role.user.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonCognitoReadOnly"
}

resource "aws_iam_openid_connect_provider" "login" {
  url             = "https://login.example.com/realms/photos"
  client_id_list  = var.second ? ["photos-app", "photos-web"] : ["photos-app"]
  thumbprint_list = var.second ? ["1111111111111111111111111111111111111111"] : ["0000000000000000000000000000000000000000"]
}

resource "aws_iam_saml_provider" "office" {
  name                   = "office"
  saml_metadata_document = var.second ? "${var.metadata}\n" : var.metadata
}

resource "aws_iam_user" "deployer" {
  name                 = "deployer"
  path                 = var.second ? "/machines/" : "/"
  permissions_boundary = var.second ? null : aws_iam_policy.boundary.arn
}

# Before the provider deletes such a user it asks for everything that the user may
# have.
resource "aws_iam_user" "passing" {
  name          = "passing"
  force_destroy = true
}

resource "aws_iam_access_key" "deployer" {
  user   = aws_iam_user.deployer.name
  status = var.second ? "Inactive" : "Active"
}

resource "aws_iam_user_policy" "deployer" {
  name   = "deploy"
  user   = aws_iam_user.deployer.name
  policy = data.aws_iam_policy_document.objects.json
}

resource "aws_iam_user_policy_attachment" "deployer" {
  user       = aws_iam_user.deployer.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonCognitoPowerUser"
}

resource "aws_cognito_identity_pool" "photos" {
  identity_pool_name               = "photos"
  allow_unauthenticated_identities = false
  openid_connect_provider_arns     = [aws_iam_openid_connect_provider.login.arn]
  saml_provider_arns               = [aws_iam_saml_provider.office.arn]
}

resource "aws_cognito_identity_pool_roles_attachment" "photos" {
  identity_pool_id = aws_cognito_identity_pool.photos.id
  roles            = { authenticated = aws_iam_role.user.arn }

  role_mapping {
    identity_provider         = aws_iam_openid_connect_provider.login.arn
    ambiguous_role_resolution = var.second ? "Deny" : "AuthenticatedRole"
    type                      = "Rules"
    mapping_rule {
      claim      = "department"
      match_type = "Equals"
      value      = "blue"
      role_arn   = aws_iam_role.user.arn
    }
  }
}

resource "aws_cognito_identity_pool_provider_principal_tag" "office" {
  identity_pool_id       = aws_cognito_identity_pool.photos.id
  identity_provider_name = aws_iam_saml_provider.office.arn
  use_defaults           = false
  principal_tags         = { department = var.second ? "team" : "department" }
}

output "account" {
  value = data.aws_caller_identity.me.account_id
}

output "key" {
  value = aws_iam_access_key.deployer.id
}

output "secret" {
  value     = aws_iam_access_key.deployer.secret
  sensitive = true
}
