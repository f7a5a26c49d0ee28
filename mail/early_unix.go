//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package mail

import (
	"net"
	"syscall"
)

// newPeeker returns a function that tells whether a read of a connection would not wait: there is something to read, or
// the other side has closed. It takes nothing and does not wait itself.
func newPeeker(conn net.Conn) func() bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return func() bool { return false }
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return func() bool { return false }
	}
	var one [1]byte
	readable := false
	look := func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		readable = err != syscall.EAGAIN && err != syscall.EINTR
		return true
	}
	return func() bool {
		readable = false
		return raw.Read(look) == nil && readable
	}
}
