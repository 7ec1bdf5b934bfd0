package admin

import "github.com/daypass/daypass/internal/awsapi"

// ServiceName is the service's signing name and the prefix of its actions.
const ServiceName = "daypass"

// API is the service's table without a service behind it: for clients, and for
// whoever reads what there is.
var API = Operations(nil)

// Operations is the service's table. It can be read without a service:
// Operations(nil).
func Operations(s *Service) awsapi.Service {
	return awsapi.Service{
		Name: ServiceName, Version: "2026-11-01", Target: "Daypass",
		Doc: "Operations of daypass itself, which AWS does not have.", Source: source,
		Shapes: shapes,
		Operations: []awsapi.Operation{
			awsapi.Op("AdvanceClock", awsapi.Signed, awsapi.OnNothing(), "Puts the server's clock forward, so that credentials and tokens expire. Signatures are still judged by the real time. Only for servers that run with --dev.", s.AdvanceClock,
				invalidParameter, tooManyRequests, internalError),
			awsapi.Op("AuditHash", awsapi.Signed, s.aboutPerson(), "Gives the hashes under which an identity or a user is in the records of the audit trail.", s.AuditHash,
				invalidParameter, tooManyRequests, internalError).WithChanges(false),
			awsapi.Op("CheckTargetRole", awsapi.Signed, awsapi.OnNothing(), "Shows the session policy that daypass would send to the target of a role, its size, and what the target cannot express. It does not contact the target.", s.CheckTargetRole,
				invalidParameter, tooManyRequests, internalError),
			awsapi.Op("ClearFaults", awsapi.Signed, awsapi.OnNothing(), "Ends all faults that SetFault has set. Only for servers that run with --dev.", s.ClearFaults,
				invalidParameter, tooManyRequests, internalError),
			awsapi.Op("CreateBackup", awsapi.Signed, awsapi.OnNothing().Key("daypass:KeyRecipient", "KeyRecipient"), "Creates a backup of the embedded database and streams it. Restore it with daypass restore.", s.CreateBackup,
				invalidParameter, resourceConflict, tooManyRequests, internalError),
			awsapi.Op("DescribeMasterKey", awsapi.Signed, awsapi.OnNothing(), "Shows which master key seals the secrets in the database, which one was replaced last, and how many servers have the next one.", s.DescribeMasterKey,
				tooManyRequests, internalError),
			awsapi.Op("DiagnoseTarget", awsapi.Signed, awsapi.OnNothing(), "Tests whether a target refuses the tokens that it must refuse, and whether it keeps sessions apart, in a bucket that daypass creates and removes.", s.DiagnoseTarget,
				invalidParameter, tooManyRequests, internalError),
			awsapi.Op("GetIdentityPoolAdoption", awsapi.Signed, awsapi.On("identity pool", poolARN, "IdentityPoolId"), "Shows how an identity pool adopts identities of the service that it was imported from.", s.GetIdentityPoolAdoption,
				invalidParameter, resourceNotFound, tooManyRequests, internalError),
			awsapi.Op("ImportAccessKey", awsapi.Signed, awsapi.OnNothing(), "Gives a user an access key with an ID and a secret that the caller chooses, or changes the secret of the user's key.", s.ImportAccessKey,
				invalidParameter, limitExceeded, resourceConflict, resourceNotFound, tooManyRequests, internalError),
			awsapi.Op("ImportIdentities", awsapi.Signed, awsapi.On("identity pool", poolARN, "IdentityPoolId"), "Stores identities of another service in an identity pool, under the IDs that they have there. Guests keep their IDs; what an identity with logins needs besides, adoption brings.", s.ImportIdentities,
				invalidParameter, resourceConflict, resourceNotFound, tooManyRequests, internalError),
			awsapi.Op("ImportIdentityPool", awsapi.Signed, awsapi.On("identity pool", poolARN, "IdentityPoolId"), "Creates an identity pool with an ID that the caller chooses. UpdateIdentityPool sets the rest.", s.ImportIdentityPool,
				invalidParameter, limitExceeded, resourceConflict, tooManyRequests, internalError),
			awsapi.Op("ListRegions", awsapi.Signed, awsapi.OnNothing(), "Lists the regions that have identity pools.", s.ListRegions,
				invalidParameter, tooManyRequests, internalError),
			awsapi.Op("ListRevocations", awsapi.Signed, awsapi.OnNothing(), "Lists the revocations that are in force.", s.ListRevocations,
				invalidParameter, tooManyRequests, internalError),
			awsapi.Op("RevokeSessions", awsapi.Signed, s.aboutTarget(), "Voids the credentials and the OpenID tokens that were issued to an identity, a login, an identity pool, a role or everybody, or one session.", s.RevokeSessions,
				invalidParameter, limitExceeded, tooManyRequests, internalError),
			awsapi.Op("RotateMasterKey", awsapi.Signed, awsapi.OnNothing(), "Replaces the master key, which seals all secrets in the database, by the next one, once every server has it. What is stored is sealed anew.", s.RotateMasterKey,
				invalidParameter, resourceConflict, tooManyRequests, internalError),
			awsapi.Op("RotateRootKey", awsapi.Signed, awsapi.OnNothing(), "Replaces the root credentials that are in the data directory of the server. The new ones are there before the call is answered; the old ones stay good for a while.", s.RotateRootKey,
				invalidParameter, resourceConflict, tooManyRequests, internalError),
			awsapi.Op("RotateSigningKey", awsapi.Signed, awsapi.OnNothing(), "Replaces the keys that sign OpenID tokens. The new keys are published before they sign, and the old ones until their tokens have expired.", s.RotateSigningKey,
				invalidParameter, resourceConflict, resourceNotFound, tooManyRequests, internalError),
			awsapi.Op("SetFault", awsapi.Signed, awsapi.OnNothing(), "Has an operation fail, be slow or cut the connection, for tests of what clients do then. Only for servers that run with --dev.", s.SetFault,
				invalidParameter, tooManyRequests, internalError),
			awsapi.Op("SetIdentityPoolAdoption", awsapi.Signed, awsapi.On("identity pool", poolARN, "IdentityPoolId"), "Makes an identity pool adopt identities: the first sign-in of a login that the pool does not know asks GetId of the service that the pool was imported from, and keeps the ID that it gives.", s.SetIdentityPoolAdoption,
				invalidParameter, resourceNotFound, tooManyRequests, internalError),
		},
	}
}

// shapes are the constraints, those of the services that the names come from.
var shapes = awsapi.Shapes(
	awsapi.String[AccessKeyId](16, 128, `[\w]+`),
	awsapi.String[AdoptionHost](1, 260, `[a-z0-9.:-]+`),
	awsapi.Int[Count](0, 1<<30),
	awsapi.String[AuditKeyId](1, 64, ""),
	awsapi.String[DeveloperUserIdentifier](1, 1024, ""),
	awsapi.Int[EpochSeconds](0, 1<<40),
	awsapi.Enum[Fault]("cut", "external-service", "internal-error", "throttle"),
	awsapi.Int[GraceSeconds](60, 7*24*3600),
	awsapi.String[Hash](1, 128, ""),
	awsapi.String[IdentityId](1, 55, `[\w-]+:[0-9a-f-]+`),
	awsapi.String[IdentityPoolId](1, 55, `[\w-]+:[0-9a-f-]+`),
	awsapi.String[IdentityPoolName](1, 128, `[\w\s+=,.@-]+`),
	awsapi.String[IdentityProviderName](1, 2048, ""),
	awsapi.String[KeyFingerprint](16, 16, `[0-9a-f]+`),
	awsapi.String[KeyId](1, 32, ""),
	awsapi.Size[ImportedIdentityList](1, 60),
	awsapi.Size[ProviderNameList](0, 100),
	awsapi.Int[QuestionsPerSecond](1, 1000),
	awsapi.Size[UserIdentifierList](0, 60),
	awsapi.String[KeyRecipient](1, 128, `age1[0-9a-z]+`),
	awsapi.Int[Milliseconds](0, 300_000),
	awsapi.Int[MaxResults](1, 60),
	awsapi.String[OperationName](1, 64, `[A-Za-z]+`),
	awsapi.String[PaginationKey](1, 65535, `[\S]+`),
	awsapi.String[RegionName](1, 18, `[a-z0-9-]+`),
	awsapi.String[RoleArn](20, 2048, ""),
	awsapi.String[RoleName](1, 64, `[\w+=,.@-]+`),
	awsapi.Int[Seconds](0, 315_360_000),
	awsapi.String[SecretAccessKey](16, 128, `[\x21-\x7e]+`).Sensitive(),
	awsapi.String[TagKey](1, 128, ""),
	awsapi.String[TagValue](0, 256, ""),
	awsapi.String[TargetName](1, 64, ""),
	awsapi.String[UserIdentifier](1, 1024, ""),
	awsapi.String[UserName](1, 64, `[\w+=,.@-]+`),
)
