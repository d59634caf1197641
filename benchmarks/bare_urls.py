"""One query, and one insert, through REST framework's serializers."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.models import Batch, Job


class JobSerializer(serializers.ModelSerializer[Job]):
    class Meta:
        model = Job
        fields = "__all__"


class BatchSerializer(serializers.ModelSerializer[Batch]):
    class Meta:
        model = Batch
        fields = "__all__"


class OneQuery(APIView):
    def get(self, request: Request, job_id: str) -> Response:
        return Response(JobSerializer(Job.objects.get(pk=job_id)).data)


class OneInsert(APIView):
    def post(self, request: Request) -> Response:
        serializer = BatchSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status=201)


def ready(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [
    path("ready", ready),
    path("jobs/<str:job_id>/", OneQuery.as_view()),
    path("batches/", OneInsert.as_view()),
]
