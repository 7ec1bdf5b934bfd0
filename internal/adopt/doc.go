// Package adopt asks the service that an identity pool was imported from, Amazon
// Cognito or another daypass, which identity a login has there: the public operation
// GetId. It knows nothing of pools; what it is told is read as hostile input.
package adopt
