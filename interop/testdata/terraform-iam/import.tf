# What terraform_iam_test.go imports, after it has made Terraform forget it.

import {
  to = aws_iam_policy.objects
  id = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:policy/photos/objects"
}

import {
  to = aws_iam_role.user
  id = "photos-user"
}

import {
  to = aws_iam_role_policy.inline
  id = "photos-user:inline"
}

import {
  to = aws_iam_role_policy_attachment.objects
  id = "photos-user/arn:aws:iam::${data.aws_caller_identity.me.account_id}:policy/photos/objects"
}

import {
  to = aws_iam_openid_connect_provider.login
  id = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:oidc-provider/login.example.com/realms/photos"
}

import {
  to = aws_iam_saml_provider.office
  id = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:saml-provider/office"
}

import {
  to = aws_iam_user.deployer
  id = "deployer"
}

import {
  to = aws_iam_user_policy.deployer
  id = "deployer:deploy"
}

import {
  to = aws_iam_user_policy_attachment.deployer
  id = "deployer/arn:aws:iam::aws:policy/AmazonCognitoPowerUser"
}
