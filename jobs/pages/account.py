"""Signing in and up, one's own name and password, and how the studio looks."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST

from jobs.pages.context import THEME_COOKIE, THEMES
from jobs.pages.doorway import go_back, page, user_of

YEAR_S = 365 * 86400


class SignIn(LoginView):
    template_name = "jobs/login.html"
    redirect_authenticated_user = True


class SignOut(LogoutView):
    pass


class PasswordChange(PasswordChangeView):
    template_name = "jobs/password.html"
    success_url = reverse_lazy("studio:account")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)


class SignUpForm(UserCreationForm[User]):
    email = forms.EmailField(required=False, help_text="For mail when a job ends.")

    class Meta:
        model = User
        fields = ("username", "email")


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")


def sign_up(request: HttpRequest) -> HttpResponse:
    """Open only where the operator said so."""
    if not settings.SIGNUP:
        raise Http404
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.save())
        return redirect("studio:home")
    return render(request, "jobs/signup.html", {"form": form})


@page
def account(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=user_of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("studio:account")
    return render(request, "jobs/account.html", {"form": form})


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    answer = go_back(request)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=YEAR_S, samesite="Lax")
    return answer
