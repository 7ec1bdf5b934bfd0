# docker build -t daypass .
#
# A static binary on nothing: no shell, no package manager, no root. Data is in /data.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The version comes from the tag or commit in .git.
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/daypass ./cmd/daypass && packaging/rootfs /out/daypass /out/root

FROM scratch
COPY --from=build /out/root /
USER 65532:65532
ENV DAYPASS_DATA_DIR=/data XDG_RUNTIME_DIR=/run HOME=/data
VOLUME /data
EXPOSE 4600
# It asks the server that has announced itself, whatever it listens on.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/daypass", "health"]
ENTRYPOINT ["/daypass"]
CMD ["serve"]
