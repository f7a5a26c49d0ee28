package db

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// checkFileSystem refuses folders on a network: SQLite's locks do not hold
// there, and a lock that does not hold sends digests twice.
func checkFileSystem(dir string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return fmt.Errorf("database folder %s: %w", dir, err)
	}
	names := map[uint32]string{
		0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "CIFS", 0xFE534D42: "SMB2",
		0x5346414F: "AFS", 0x01021997: "9P", 0x00C36400: "CephFS",
	}
	if name, ok := names[uint32(stat.Type)]; ok {
		return fmt.Errorf("database folder %s is on a network file system (%s): use a local disk, or PostgreSQL", dir, name)
	}
	return nil
}
