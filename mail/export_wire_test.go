package mail

// What the external tests compare with what goes over the wire.
var (
	RelaxBody = relaxBody
	HashBody  = hashBody
	WireForm  = wireForm
	Normalize = normalize
	IsNormal  = isNormal

	OneLineReply = oneLineReply
	MakeReply    = makeReply
)
