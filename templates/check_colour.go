package templates

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

// colour is red, green and blue from 0 to 255, and how much of it covers what
// is behind, from 0 to 1.
type colour struct{ r, g, b, a float64 }

// String is the colour as style sheets write it, as if nothing shone through.
func (c colour) String() string {
	n := func(v float64) int { return int(math.Round(v)) }
	return fmt.Sprintf("#%02x%02x%02x", n(c.r), n(c.g), n(c.b))
}

// over is the colour that is seen where c lies over another.
func (c colour) over(behind colour) colour {
	mix := func(a, b float64) float64 { return a*c.a + b*(1-c.a) }
	return colour{mix(c.r, behind.r), mix(c.g, behind.g), mix(c.b, behind.b), 1}
}

// luminance is the relative luminance of WCAG 2.2.
func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrastOf is the contrast ratio of WCAG 2.2 between two colours, from 1 to
// 21.
func contrastOf(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// readColour reads a colour as style sheets write it.
func readColour(s string) (colour, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		return hexDigits(hex)
	}
	if s == "transparent" {
		return colour{}, true
	}
	if name, arguments, ok := strings.Cut(strings.TrimSuffix(s, ")"), "("); ok {
		return functionColour(name, arguments)
	}
	hex, ok := namedColours()[s]
	if !ok {
		return colour{}, false
	}
	return hexDigits(hex)
}

func hexDigits(hex string) (colour, bool) {
	if len(hex) == 3 || len(hex) == 4 {
		var b strings.Builder
		for i := range len(hex) {
			b.WriteString(hex[i:i+1] + hex[i:i+1])
		}
		hex = b.String()
	}
	if len(hex) == 6 {
		hex += "ff"
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 8 {
		return colour{}, false
	}
	return colour{float64(n >> 24), float64(n >> 16 & 0xFF), float64(n >> 8 & 0xFF), float64(n&0xFF) / 255}, true
}

// functionColour reads rgb() and hsl() in the old and the new way of writing.
func functionColour(name, arguments string) (colour, bool) {
	fields := strings.FieldsFunc(arguments, func(r rune) bool { return r == ',' || r == '/' || r == ' ' })
	if len(fields) != 3 && len(fields) != 4 {
		return colour{}, false
	}
	var v [4]float64
	v[3] = 1
	for i, f := range fields {
		number, percent := strings.CutSuffix(strings.TrimSuffix(f, "deg"), "%")
		n, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return colour{}, false
		}
		switch {
		case percent && (i == 3 || strings.HasPrefix(name, "hsl")):
			n /= 100
		case percent:
			n *= 2.55
		}
		v[i] = n
	}
	switch name {
	case "rgb", "rgba":
		return colour{bounded(v[0], 255), bounded(v[1], 255), bounded(v[2], 255), bounded(v[3], 1)}, true
	case "hsl", "hsla":
		return hslColour(v[0], bounded(v[1], 1), bounded(v[2], 1), bounded(v[3], 1)), true
	}
	return colour{}, false
}

func bounded(v, most float64) float64 { return min(max(v, 0), most) }

// hslColour turns hue, saturation and lightness into a colour (CSS Color 4,
// section 7.1).
func hslColour(hue, saturation, lightness, alpha float64) colour {
	channel := func(n float64) float64 {
		k := math.Mod(math.Mod(n+hue/30, 12)+12, 12)
		return 255 * (lightness - saturation*min(lightness, 1-lightness)*max(-1, min(k-3, 9-k, 1)))
	}
	return colour{channel(0), channel(8), channel(4), alpha}
}

// namedColours are the names of CSS Color 4, section 6.1, that are not
// transparent, read once.
var namedColours = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	fields := strings.Fields(colourNames)
	for i := 0; i < len(fields); i += 2 {
		names[fields[i]] = fields[i+1]
	}
	return names
})

const colourNames = `
aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000000
blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00
chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b
darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b
darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f
darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493
deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22
fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f
grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa
lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff
lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a
lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0
lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd
mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a
mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5
navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6
palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f
pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1
saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb
slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080
thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00
yellowgreen 9acd32
`
