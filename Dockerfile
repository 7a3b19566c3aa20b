FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY iotctl ./iotctl
RUN pip wheel --no-cache-dir --wheel-dir /wheels '.[dask,holidays,plot,xlsx]'

FROM python:3.12-slim
# A volume mounted at /results gets the owner of this folder.
RUN useradd --create-home iotctl && install --directory --owner iotctl /results
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels 'iotctl[dask,holidays,plot,xlsx]' && rm -r /wheels
USER iotctl
WORKDIR /home/iotctl
ENTRYPOINT ["iotctl"]
CMD ["--help"]
