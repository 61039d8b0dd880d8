package corpus

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
)

// picture is a small valid PNG: bars, as a chart or a logo has them.
func picture(r *rand.Rand, width, height int) []byte {
	palette := color.Palette{color.White}
	for range 6 {
		palette = append(palette, color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255})
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	const bar = 8
	for x := 0; x < width; x += bar {
		top, c := r.IntN(height), uint8(1+r.IntN(6))
		for y := top; y < height; y++ {
			for i := x; i < min(x+bar-1, width); i++ {
				img.SetColorIndex(i, y, c)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(fmt.Sprintf("encode a picture in memory: %v", err)) // neither the size nor the writer can be wrong
	}
	return b.Bytes()
}
