package iam

// Shapes of the credentials that users have on AWS besides access keys. There are
// none of them here.

type (
	// AllUsers says whether the credentials of all users are meant.
	AllUsers bool
	// AssignmentStatusType is Assigned, Unassigned or Any.
	AssignmentStatusType string
	// BootstrapDatum begins a virtual MFA device.
	BootstrapDatum string
	// CertificateBodyType is a certificate in PEM form.
	CertificateBodyType string
	// CertificateIdType is the ID of a signing certificate.
	CertificateIdType string
	// CertificateListType is a list of signing certificates.
	CertificateListType []SigningCertificate
	// MfaDeviceListType is a list of MFA devices.
	MfaDeviceListType []MFADevice
	// PublicKeyIdType is the ID of an SSH public key.
	PublicKeyIdType string
	// SSHPublicKeyListType is a list of SSH public keys.
	SSHPublicKeyListType []SSHPublicKeyMetadata
	// SerialNumberType identifies an MFA device.
	SerialNumberType string
	// ServiceCredentialAlias is the public part of a credential of a service.
	ServiceCredentialAlias string
	// ServiceName is a service that has credentials of its own.
	ServiceName string
	// ServiceSpecificCredentialId is the ID of a credential of a service.
	ServiceSpecificCredentialId string
	// ServiceSpecificCredentialsListType is a list of credentials of services.
	ServiceSpecificCredentialsListType []ServiceSpecificCredentialMetadata
	// ServiceUserName is the name of the user at a service.
	ServiceUserName string
	// VirtualMFADeviceListType is a list of virtual MFA devices.
	VirtualMFADeviceListType []VirtualMFADevice
)

// DeleteLoginProfileRequest is the input of DeleteLoginProfile.
type DeleteLoginProfileRequest struct {
	// The name of the user; the caller if absent.
	UserName UserNameType
}

// ListMFADevicesRequest is the input of ListMFADevices.
type ListMFADevicesRequest struct {
	// The name of the user; the caller if absent.
	UserName ExistingUserNameType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most devices that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListMFADevicesResponse is the output of ListMFADevices.
type ListMFADevicesResponse struct {
	// The devices of the page: none.
	MFADevices MfaDeviceListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// MFADevice is a device for a second factor.
type MFADevice struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// What identifies the device.
	SerialNumber SerialNumberType `aws:"required"`
	// When it was enabled.
	EnableDate DateType `aws:"required"`
}

// ListSSHPublicKeysRequest is the input of ListSSHPublicKeys.
type ListSSHPublicKeysRequest struct {
	// The name of the user; the caller if absent.
	UserName UserNameType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most keys that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListSSHPublicKeysResponse is the output of ListSSHPublicKeys.
type ListSSHPublicKeysResponse struct {
	// The keys of the page: none.
	SSHPublicKeys SSHPublicKeyListType
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// SSHPublicKeyMetadata is an SSH public key without the key.
type SSHPublicKeyMetadata struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The ID of the key.
	SSHPublicKeyId PublicKeyIdType `aws:"required"`
	// Whether the key can be used.
	Status StatusType `aws:"required"`
	// When it was uploaded.
	UploadDate DateType `aws:"required"`
}

// ListServiceSpecificCredentialsRequest is the input of
// ListServiceSpecificCredentials.
type ListServiceSpecificCredentialsRequest struct {
	// The name of the user; the caller if absent.
	UserName UserNameType
	// The service whose credentials are meant; every one if absent.
	ServiceName ServiceName
	// Whether the credentials of all users are meant.
	AllUsers *AllUsers
	// The pagination token from the previous page.
	Marker MarkerType
	// The most credentials that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListServiceSpecificCredentialsResponse is the output of
// ListServiceSpecificCredentials.
type ListServiceSpecificCredentialsResponse struct {
	// The credentials of the page: none.
	ServiceSpecificCredentials ServiceSpecificCredentialsListType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
	// Whether there are more.
	IsTruncated BooleanType
}

// ServiceSpecificCredentialMetadata is a credential of a service without its
// secret.
type ServiceSpecificCredentialMetadata struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// Whether the credential can be used.
	Status StatusType `aws:"required"`
	// The name of the user at the service.
	ServiceUserName ServiceUserName
	// The public part of the credential.
	ServiceCredentialAlias ServiceCredentialAlias
	// When the credential was made.
	CreateDate DateType `aws:"required"`
	// When it ends.
	ExpirationDate DateType
	// The ID of the credential.
	ServiceSpecificCredentialId ServiceSpecificCredentialId `aws:"required"`
	// The service.
	ServiceName ServiceName `aws:"required"`
}

// ListSigningCertificatesRequest is the input of ListSigningCertificates.
type ListSigningCertificatesRequest struct {
	// The name of the user; the caller if absent.
	UserName ExistingUserNameType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most certificates that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListSigningCertificatesResponse is the output of ListSigningCertificates.
type ListSigningCertificatesResponse struct {
	// The certificates of the page: none.
	Certificates CertificateListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// SigningCertificate is a certificate that signs requests.
type SigningCertificate struct {
	// The name of the user.
	UserName UserNameType `aws:"required"`
	// The ID of the certificate.
	CertificateId CertificateIdType `aws:"required"`
	// The certificate.
	CertificateBody CertificateBodyType `aws:"required"`
	// Whether it can be used.
	Status StatusType `aws:"required"`
	// When it was uploaded.
	UploadDate DateType
}

// ListVirtualMFADevicesRequest is the input of ListVirtualMFADevices.
type ListVirtualMFADevicesRequest struct {
	// Whether devices that users have are meant, others, or all of them.
	AssignmentStatus AssignmentStatusType
	// The pagination token from the previous page.
	Marker MarkerType
	// The most devices that the page may have; 100 if absent.
	MaxItems *MaxItemsType
}

// ListVirtualMFADevicesResponse is the output of ListVirtualMFADevices.
type ListVirtualMFADevicesResponse struct {
	// The devices of the page: none.
	VirtualMFADevices VirtualMFADeviceListType `aws:"required"`
	// Whether there are more.
	IsTruncated BooleanType
	// The pagination token for the next page; absent on the last page.
	Marker ResponseMarkerType
}

// VirtualMFADevice is an application for a second factor.
type VirtualMFADevice struct {
	// What identifies the device.
	SerialNumber SerialNumberType `aws:"required"`
	// The seed, in base64 of its base32 form.
	Base32StringSeed BootstrapDatum
	// The seed as an image, in base64.
	QRCodePNG BootstrapDatum
	// The user who has the device.
	User *User
	// When it was enabled.
	EnableDate DateType
	// The tags of the device.
	Tags TagListType
}
