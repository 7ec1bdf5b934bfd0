// Package interop checks daypass against AWS's own clients and signers: the Go,
// Python and JavaScript SDKs, the AWS CLI and Terraform, and third-party
// libraries for tokens; with identity providers of other authors; with S3
// stores, which scripts/partners builds; and with reverse proxies that ask daypass. It is a module of its own, so that what
// it depends on is not what daypass depends on.
//
// A test whose program is missing is skipped. DAYPASS_TEST_REQUIRE makes a
// missing one a failure: a comma list of aws, boto3, moto, node, amplify, chromium,
// oidc, xmlsec1, terraform, nginx, caddy, haproxy, versitygw, minio, seaweedfs and ceph, or all.
// DAYPASS_TEST_PYTHON names the Python that has boto3 (python3), and
// TF_TEST_PLUGIN_DIR a folder with Terraform's AWS provider.
package interop
