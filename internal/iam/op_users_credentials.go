package iam

import (
	"context"
	"slices"

	"github.com/daypass/daypass/internal/awsapi"
)

// Users have no credentials here besides access keys: no passwords, MFA devices,
// certificates, SSH keys or credentials of services. Terraform asks for all of them
// before it deletes a user with force_destroy.

// hasNone reads a listing of what no user has. Without a name the user is the
// caller.
func (s *Service) hasNone(ctx context.Context, c awsapi.Caller, operation string, name ExistingUserNameType, marker MarkerType, maxItems *MaxItemsType) error {
	return s.viewUser(ctx, c, name, func(_ Tx, user *UserEntity) error {
		_, err := s.after(page{operation, string(user.UserId), marker, maxItems})
		return err
	})
}

// ListSSHPublicKeys lists nothing.
func (s *Service) ListSSHPublicKeys(ctx context.Context, c awsapi.Caller, in *ListSSHPublicKeysRequest) (*ListSSHPublicKeysResponse, error) {
	if err := s.hasNone(ctx, c, "ListSSHPublicKeys", ExistingUserNameType(in.UserName), in.Marker, in.MaxItems); err != nil {
		return nil, err
	}
	return &ListSSHPublicKeysResponse{SSHPublicKeys: SSHPublicKeyListType{}}, nil
}

// ListMFADevices lists nothing.
func (s *Service) ListMFADevices(ctx context.Context, c awsapi.Caller, in *ListMFADevicesRequest) (*ListMFADevicesResponse, error) {
	if err := s.hasNone(ctx, c, "ListMFADevices", in.UserName, in.Marker, in.MaxItems); err != nil {
		return nil, err
	}
	return &ListMFADevicesResponse{MFADevices: MfaDeviceListType{}}, nil
}

// ListVirtualMFADevices lists nothing.
func (s *Service) ListVirtualMFADevices(_ context.Context, c awsapi.Caller, in *ListVirtualMFADevicesRequest) (*ListVirtualMFADevicesResponse, error) {
	if _, err := s.after(page{"ListVirtualMFADevices", c.Account, in.Marker, in.MaxItems}); err != nil {
		return nil, err
	}
	return &ListVirtualMFADevicesResponse{VirtualMFADevices: VirtualMFADeviceListType{}}, nil
}

// ListSigningCertificates lists nothing.
func (s *Service) ListSigningCertificates(ctx context.Context, c awsapi.Caller, in *ListSigningCertificatesRequest) (*ListSigningCertificatesResponse, error) {
	if err := s.hasNone(ctx, c, "ListSigningCertificates", in.UserName, in.Marker, in.MaxItems); err != nil {
		return nil, err
	}
	return &ListSigningCertificatesResponse{Certificates: CertificateListType{}}, nil
}

// credentialServices are the services that have credentials of their own on AWS.
var credentialServices = []ServiceName{"", "bedrock.amazonaws.com", "cassandra.amazonaws.com", "codecommit.amazonaws.com"}

// ListServiceSpecificCredentials lists nothing, of a user or of all of them.
func (s *Service) ListServiceSpecificCredentials(ctx context.Context, c awsapi.Caller, in *ListServiceSpecificCredentialsRequest) (*ListServiceSpecificCredentialsResponse, error) {
	const operation = "ListServiceSpecificCredentials"
	if !slices.Contains(credentialServices, in.ServiceName) {
		return nil, serviceNotSupported(in.ServiceName)
	}
	if in.ofAll() {
		if _, err := s.after(page{operation, c.Account, in.Marker, in.MaxItems}); err != nil {
			return nil, err
		}
	} else if err := s.hasNone(ctx, c, operation, ExistingUserNameType(in.UserName), in.Marker, in.MaxItems); err != nil {
		return nil, err
	}
	return &ListServiceSpecificCredentialsResponse{ServiceSpecificCredentials: ServiceSpecificCredentialsListType{}}, nil
}

// ofAll says whether no single user is meant.
func (in *ListServiceSpecificCredentialsRequest) ofAll() bool {
	return in.UserName == "" && in.AllUsers != nil && bool(*in.AllUsers)
}

// DeleteLoginProfile finds nothing to delete: nobody has a password.
func (s *Service) DeleteLoginProfile(ctx context.Context, c awsapi.Caller, in *DeleteLoginProfileRequest) (*awsapi.None, error) {
	err := s.viewUser(ctx, c, ExistingUserNameType(in.UserName), func(_ Tx, user *UserEntity) error {
		return loginProfileNotFound(user.UserName)
	})
	return nil, err
}
