package main

// Report of a Go program to inflight, by the contract of docs/programs.md:
//
//	report := NewReport()                          // begin of the window
//	request := report.Request(index)               // start of a request
//	request.Head(response.StatusCode)              // its head is there
//	request.End(size, err)                         // its last byte is there, or an error
//	report.End()                                   // end of the window; writes the rows

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

var started, startedNS = time.Now(), monotonicNS()

// monotonicNS reads Linux's CLOCK_MONOTONIC, the clock that time.Since counts by.
func monotonicNS() int64 {
	var at syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}

func now() int64 { return startedNS + int64(time.Since(started)) }

// Request is a row of the report.
type Request struct {
	report                  *Report
	index, status           int
	start, head, end, bytes int64
	err                     error
}

// Report keeps the rows in memory.
type Report struct {
	file  *os.File
	begin int64
	mutex sync.Mutex
	rows  []*Request
}

// NewReport opens the file: at the end there may be no file left to open.
func NewReport() (*Report, error) {
	file, err := os.OpenFile(os.Getenv("INFLIGHT_REPORT"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	return &Report{file: file, begin: now()}, err
}

func (report *Report) Request(index int) *Request {
	return &Request{report: report, index: index, start: now()}
}

func (request *Request) Head(status int) { request.head, request.status = now(), status }

func (request *Request) End(bytes int64, err error) {
	request.end, request.bytes, request.err = now(), bytes, err
	request.report.mutex.Lock()
	defer request.report.mutex.Unlock()
	request.report.rows = append(request.report.rows, request)
}

func (request *Request) line() string {
	head := ""
	if request.head != 0 {
		head = fmt.Sprint(request.head)
	}
	result := fmt.Sprint(request.status)
	if request.err != nil {
		kind := classOf(request.err)
		if kind == "closed" && request.head != 0 {
			kind = "truncated"
		}
		text := strings.Join(strings.Fields(strings.ReplaceAll(request.err.Error(), `"`, `'`)), " ")
		result = fmt.Sprintf(`"%s: %.200s"`, kind, text)
	}
	return fmt.Sprintf("%d,%d,%s,%d,%s,%d\n", request.index, request.start, head, request.end, result, request.bytes)
}

func (report *Report) End() error {
	end := now()
	lines := bufio.NewWriter(report.file)
	fmt.Fprintf(lines, "begin,%d\n", report.begin)
	for _, row := range report.rows {
		lines.WriteString(row.line())
	}
	fmt.Fprintf(lines, "end,%d\n", end)
	if err := lines.Flush(); err != nil {
		return err
	}
	return report.file.Close()
}

func classOf(err error) string {
	var name *net.DNSError
	var timer net.Error
	switch is := func(other error) bool { return errors.Is(err, other) }; {
	case is(syscall.EMFILE) || is(syscall.ENFILE):
		return "emfile"
	case is(syscall.EADDRNOTAVAIL):
		return "eaddrnotavail"
	case is(syscall.ECONNREFUSED):
		return "connect"
	case is(syscall.ECONNRESET) || is(syscall.EPIPE):
		return "reset"
	case errors.As(err, &name):
		return "dns"
	case errors.As(err, &timer) && timer.Timeout():
		return "timeout"
	case is(io.EOF) || is(io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "server closed idle connection"):
		return "closed"
	case strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "x509: "):
		return "tls"
	}
	return "other"
}
