package admin

// The named strings and numbers of trials. Their constraints are in operations.go.
type (
	// The name of an operation, such as GetId.
	OperationName string
	// What an operation does in place of what it is for: throttle, internal-error, external-service or cut.
	Fault string
	// A time in milliseconds.
	Milliseconds int32
	// How often something happens.
	Count int32
	// A time in seconds.
	Seconds int32
)

// SetFaultRequest is the input of SetFault.
type SetFaultRequest struct {
	// The operation that fails.
	OperationName OperationName `aws:"required"`
	// What it does in place of what it is for; absent for a delay alone, and with no delay either, the operation is healed. cut ends the connection without an answer.
	Fault Fault
	// How long the request waits before that, at most five minutes.
	DelayMilliseconds Milliseconds
	// How many requests it happens to; absent for all of them.
	Times Count
}

// AdvanceClockRequest is the input of AdvanceClock.
type AdvanceClockRequest struct {
	// How far the clock goes forward, at most ten years at a time and a hundred in all; 0 only shows the time.
	Seconds Seconds
}

// AdvanceClockResponse is the output of AdvanceClock.
type AdvanceClockResponse struct {
	// The time of the server, in seconds since 1970.
	Now EpochSeconds
}
