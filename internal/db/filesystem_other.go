//go:build !linux

package db

import (
	"fmt"
	"os"
)

// checkFileSystem only checks that the folder exists: how to recognise a
// network file system is known for Linux alone.
func checkFileSystem(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("database folder %s: %w", dir, err)
	}
	return nil
}
