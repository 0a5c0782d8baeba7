# The program in an image: `docker build --tag claudemesh .`
FROM node:24-slim AS package
WORKDIR /src
COPY . .
RUN npm ci --ignore-scripts && npm pack --pack-destination /package

FROM node:24-slim
COPY --from=package /package/*.tgz /tmp/claudemesh.tgz
# The image has the Node that is needed: the one that can come along is left out.
RUN npm install --global --omit=optional /tmp/claudemesh.tgz && rm /tmp/claudemesh.tgz \
  && mkdir --mode=700 /home/node/.claudemesh /home/node/deployment && chown node:node /home/node/.claudemesh /home/node/deployment
USER node
ENV CLAUDEMESH_HOME=/home/node/.claudemesh
EXPOSE 8787
ENTRYPOINT ["claudemesh"]
CMD ["broker", "--listen", "0.0.0.0:8787"]
