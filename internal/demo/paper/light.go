package paper

// light is the few colours that a picture is painted in.
type light struct {
	high, low      colour // of the sky, at the top and at the horizon
	sun            colour // or moon
	far, mid, near colour // things by distance
	warm, cool     colour // things that stand out
	pale           colour // sails, paper, lit windows
}

// lights are the times of day that pictures know.
func lights() map[string]light {
	return map[string]light{
		"dawn": {
			high: rgb(0xF3C9A5), low: rgb(0xFBEBD3), sun: rgb(0xFFF8E6), far: rgb(0xC9A9A0), mid: rgb(0x8A7F92), near: rgb(0x3D4A66),
			warm: rgb(0xD9694A), cool: rgb(0x5C8AA3), pale: rgb(0xFFF6E4),
		},
		"day": {
			high: rgb(0x8FC1D4), low: rgb(0xE6F1EA), sun: rgb(0xFFFBEA), far: rgb(0xA3C0C4), mid: rgb(0x55899A), near: rgb(0x1F4E63),
			warm: rgb(0xE0703F), cool: rgb(0x2F7F86), pale: rgb(0xFDF8EA),
		},
		"dusk": {
			high: rgb(0x4B4A78), low: rgb(0xF2A27C), sun: rgb(0xFFDE9E), far: rgb(0xA5647A), mid: rgb(0x63426B), near: rgb(0x2A2447),
			warm: rgb(0xF0784E), cool: rgb(0x6C76B8), pale: rgb(0xFFE3B0),
		},
		"night": {
			high: rgb(0x0E1B33), low: rgb(0x36567A), sun: rgb(0xF4EBCF), far: rgb(0x2C4767), mid: rgb(0x1B304D), near: rgb(0x0B1628),
			warm: rgb(0xE58B4A), cool: rgb(0x4E86A8), pale: rgb(0xFFD98A),
		},
		"grey": {
			high: rgb(0x9DA9AC), low: rgb(0xDADCD4), sun: rgb(0xF4F2E8), far: rgb(0xA9B1B0), mid: rgb(0x6C7C80), near: rgb(0x34474E),
			warm: rgb(0xC9553D), cool: rgb(0x4F7F8C), pale: rgb(0xF6F2E6),
		},
		"autumn": {
			high: rgb(0xE7C489), low: rgb(0xF8EBCB), sun: rgb(0xFFF7E0), far: rgb(0xCFA46A), mid: rgb(0x9C6B3F), near: rgb(0x4B3A2E),
			warm: rgb(0xBF4A2A), cool: rgb(0x5F7F5B), pale: rgb(0xFFF3D6),
		},
		"green": {
			high: rgb(0xBFD8C2), low: rgb(0xF1F3DF), sun: rgb(0xFFFBE6), far: rgb(0x9DBF9F), mid: rgb(0x5A8F6E), near: rgb(0x22523F),
			warm: rgb(0xE08A3C), cool: rgb(0x3C7F7A), pale: rgb(0xFBF7E4),
		},
	}
}

func rgb(code uint32) colour {
	return colour{R: uint8(code >> 16), G: uint8(code >> 8), B: uint8(code), A: 255}
}
