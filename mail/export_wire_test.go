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

// AlwaysReadable makes a connection think that its server has sent something, as where TLS talks to itself.
func AlwaysReadable(c *Conn) { c.peek = func() bool { return true } }
