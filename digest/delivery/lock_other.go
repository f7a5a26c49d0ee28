//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package delivery

import (
	"errors"
	"os"
)

// tryLock refuses: without a lock that ends with its process a dead worker cannot be told from a live one.
func tryLock(*os.File) (bool, error) {
	return false, errors.New("this system has no file locks that end with their process")
}
