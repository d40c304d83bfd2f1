// Go's net/http: `limit` goroutines take the next request each; without a limit there is one for each.
//
// The transport opens `max_connections` at most, if that is set. The setting `kept` is how many it keeps: 2
// as it comes, or all.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func number(name string) float64 {
	value, _ := strconv.ParseFloat(os.Getenv(name), 64)
	return value
}

func fetch(client *http.Client, request *Request, url string) {
	response, err := client.Get(url)
	if err != nil {
		request.End(0, err)
		return
	}
	defer response.Body.Close()
	request.Head(response.StatusCode)
	request.End(io.Copy(io.Discard, response.Body))
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println(runtime.Version())
		return
	}
	url, requests := os.Getenv("INFLIGHT_URL"), int64(number("INFLIGHT_REQUESTS"))
	workers := int64(number("INFLIGHT_LIMIT"))
	if workers == 0 {
		workers = requests
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = int(number("INFLIGHT_MAX_CONNECTIONS"))
	if os.Getenv("INFLIGHT_SETTING_KEPT") == "all" {
		transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, int(workers)
	}
	timeout := time.Duration(number("INFLIGHT_TIMEOUT") * float64(time.Second))
	client := &http.Client{Transport: transport, Timeout: timeout}

	var next int64
	var all sync.WaitGroup
	report, err := NewReport()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := int64(0); i < workers; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				index := atomic.AddInt64(&next, 1) - 1
				if index >= requests {
					return
				}
				fetch(client, report.Request(int(index)), fmt.Sprintf("%s/%d", url, index))
			}
		}()
	}
	all.Wait()
	if err := report.End(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
