// The JSON application for Go's net/http. `server PORT` answers GET /DAY.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

// Period in days, eccentricity, mean anomaly in degrees, at J2000.
var planets = map[string][3]float64{
	"mercury": {87.969, 0.2056, 174.795},
	"venus":   {224.701, 0.0068, 50.115},
	"earth":   {365.256, 0.0167, 357.529},
	"mars":    {686.980, 0.0934, 19.373},
	"jupiter": {4332.59, 0.0484, 20.020},
	"saturn":  {10759.2, 0.0542, 317.020},
	"uranus":  {30688.5, 0.0472, 142.239},
	"neptune": {60182.0, 0.0086, 256.228},
}

const steps = 500

func anomaly(elements [3]float64, day float64) float64 {
	mean := elements[2]*math.Pi/180 + 2*math.Pi*day/elements[0]
	eccentric := mean
	for step := 0; step < steps; step++ {
		eccentric = mean + elements[1]*math.Sin(eccentric)
	}
	return math.Mod(eccentric*180/math.Pi, 360)
}

func answer(w http.ResponseWriter, r *http.Request) {
	day, _ := strconv.ParseFloat(r.URL.Path[1:], 64)
	page := map[string]float64{}
	for name, elements := range planets {
		page[name] = anomaly(elements, day)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Inflight-Worker", strconv.Itoa(os.Getpid()))
	json.NewEncoder(w).Encode(page)
}

func main() {
	if os.Args[1] == "--version" {
		fmt.Println(runtime.Version())
		return
	}
	http.HandleFunc("/", answer)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
