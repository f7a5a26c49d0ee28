package mail

// ReadReply lets the external tests feed the reply reader.
var ReadReply = readReply
