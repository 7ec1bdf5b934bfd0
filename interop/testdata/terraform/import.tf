# What terraform_test.go imports, after it has made Terraform forget it.

variable "pool" {
  type = string
}

import {
  to = aws_cognito_identity_pool.albums
  id = var.pool
}

import {
  to = aws_cognito_identity_pool_roles_attachment.albums
  id = var.pool
}

import {
  to = aws_cognito_identity_pool_provider_principal_tag.defaults
  id = "${var.pool}:${local.user_pool}"
}
