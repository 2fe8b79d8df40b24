package hclfile

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
)

// unprotect opens what CryptProtectData closed for this account or machine.
func unprotect(_ string, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errAbsent
	}
	in := windows.DataBlob{Size: uint32(len(b)), Data: &b[0]}
	var out windows.DataBlob
	if err := windows.CryptUnprotectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		return nil, errors.New("Windows cannot open it for this account")
	}
	defer windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return append([]byte(nil), unsafe.Slice(out.Data, out.Size)...), nil
}
